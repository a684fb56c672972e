import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Part, say } from '../part.js';
import { table, whole } from '../report/markdown.js';
import { server } from '../servers.js';

const STRETCHES = 10;
const CONNECTIONS = 128;
const MIB = 2 ** 20;

/** After so many requests. */
interface Sample {
  readonly requests: number;
  readonly residentMiB: number;
  /** The most since the sample before: resident memory, so that buffers and code count as well as V8's heap. */
  readonly peakMiB: number;
  readonly databaseMiB: number;
  readonly requestsPerSecond: number | undefined;
  readonly p99: number | undefined;
}

/** One Tollgate under a million payments: does its memory grow with what it has done? */
export const memory: Part = async (run, { count = 1_000_000, warmUpSeconds = 20 }) => {
  const folder = run.subfolder('tollgate');
  const gateway = await run.startWarm(server('tollgate', folder), { pay: warmUpSeconds, status: 0 });
  const { process } = gateway;
  const now = (): Pick<Sample, 'residentMiB' | 'peakMiB' | 'databaseMiB'> => ({
    residentMiB: process.residentMiB(),
    peakMiB: process.peakMiB(),
    databaseMiB: databaseMiB(folder),
  });
  const samples: Sample[] = [{ requests: 0, ...now(), requestsPerSecond: undefined, p99: undefined }];
  let requests = 0;
  for (let stretch = 1; stretch <= STRETCHES; stretch += 1) {
    const result = await run.measure(gateway, {
      kind: 'closed-loop',
      operation: 'pay',
      connections: CONNECTIONS,
      rampMs: 0,
      until: { requests: count / STRETCHES },
    });
    requests += result.requests;
    const requestsPerSecond = result.requests / result.seconds;
    samples.push({ requests, ...now(), requestsPerSecond, p99: result.latencies.p99 });
    say(`${whole(requests)} requests: ${process.residentMiB().toFixed(0)} MiB`);
  }
  const last = samples.at(-1)!;
  const middle = samples[STRETCHES / 2]!;
  return {
    markdown: [
      `${whole(last.requests)} \`POST /pay\` on one Tollgate, ${CONNECTIONS} connections, after ${warmUpSeconds} s of warm-up. The database with its log is ${whole(last.databaseMiB)} MiB at the end.`,
      table(
        [
          'requests',
          'resident MiB',
          'peak MiB since the line before',
          'database MiB',
          'requests/s',
          'p99 ms',
        ],
        samples.map((sample) => [
          whole(sample.requests),
          sample.residentMiB.toFixed(0),
          sample.peakMiB.toFixed(0),
          whole(sample.databaseMiB),
          sample.requestsPerSecond === undefined ? '' : whole(sample.requestsPerSecond),
          sample.p99?.toFixed(2) ?? '',
        ]),
      ),
    ].join('\n\n'),
    targets: [
      // Single differences under 12 % are ties: the second half may not add more than that.
      {
        name: 'Peak of the last tenth, of that at the middle',
        limit: 1.12,
        measured: last.peakMiB / middle.peakMiB,
        unit: '×',
      },
    ],
  };
};

/** With its write-ahead log. */
function databaseMiB(folder: string): number {
  const files = ['tollgate.db', 'tollgate.db-wal'].map((name) => join(folder, name)).filter(existsSync);
  return files.reduce((sum, file) => sum + statSync(file).size, 0) / MIB;
}
