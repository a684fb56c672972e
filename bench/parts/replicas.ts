import { normalisedCpu } from '../calibration.js';
import { postgresDatabase, postgresVersion } from '../databases.js';
import { LoadGenerator } from '../load/load-generator.js';
import { type Part, say } from '../part.js';
import { table, whole } from '../report/markdown.js';
import { type Server, tollgate } from '../servers.js';
import { diskLine } from '../disk.js';
import { median, medianRatio } from '../statistics.js';

const FIRST_PORT = 18_090 + 10;
const COUNTS = [1, 2, 4];
const CONNECTIONS = 32;
const RAMP_MS = 500;

interface Window {
  /** Of all gateways, per request, at the speed that the processor had just then. */
  readonly cpuMicros: number;
  /** Mean of the calibration before and after. */
  readonly calibrationMs: number;
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** 1, 2 and 4 replicas on one PostgreSQL, each with its own callers at the same time. */
export const replicas: Part = async (run, { rounds = 8, seconds = 4, warmUpSeconds = 16 }) => {
  const version = await postgresVersion();
  if (version === undefined) return undefined;
  const database = await postgresDatabase();
  const most = Math.max(...COUNTS);
  const generators = Array.from({ length: most }, () => new LoadGenerator());
  try {
    const servers: Server[] = [];
    // They share what replicas share: one folder of files, and one key of fingerprints.
    const shared = tollgate(run.subfolder('replicas'), { env: database.env });
    for (let replica = 0; replica < most; replica += 1) {
      const port = FIRST_PORT + replica;
      const env = { ...shared.env, HTTP_PORT: String(port) };
      servers.push(
        tollgate(run.subfolder(`replica-${replica}`), { name: `replica ${replica + 1}`, port, env }),
      );
    }
    const running = [];
    for (const one of servers) running.push(await run.startWarm(one, { pay: warmUpSeconds, status: 0 }));
    const windows = new Map<number, Window[]>(COUNTS.map((count) => [count, []]));
    for (let round = 1; round <= rounds; round += 1) {
      for (const count of COUNTS) {
        const some = running.slice(0, count);
        const calibrationBeforeMs = await run.calibration.measure();
        for (const { process } of some) process.resume();
        const began: number[] = [];
        const results = await Promise.all(
          some.map(({ process, target }, replica) =>
            generators[replica]!.run(
              {
                kind: 'closed-loop',
                target,
                operation: 'pay',
                connections: CONNECTIONS,
                rampMs: RAMP_MS,
                until: { seconds },
              },
              () => {
                began[replica] = process.cpuMs();
              },
            ),
          ),
        );
        const cpuMs = some.reduce((sum, { process }, replica) => sum + process.cpuMs() - began[replica]!, 0);
        for (const { process } of some) process.pause();
        const calibrationMs = (calibrationBeforeMs + (await run.calibration.measure())) / 2;
        const requests = results.reduce((sum, result) => sum + result.requests, 0);
        const window = {
          cpuMicros: (cpuMs * 1_000) / requests,
          calibrationMs,
          requestsPerSecond: results.reduce((sum, result) => sum + result.requests / result.seconds, 0),
          p50: median(results.map(({ latencies }) => latencies.p50)),
          p99: Math.max(...results.map(({ latencies }) => latencies.p99)),
        };
        windows.get(count)!.push(window);
        say(
          `round ${round}, ${count} replicas: ${window.cpuMicros.toFixed(0)} µs, ${whole(window.requestsPerSecond)}/s, calibration ${calibrationMs.toFixed(0)} ms`,
        );
      }
    }
    const of = (count: number, figure: keyof Window): number =>
      median(windows.get(count)!.map((window) => window[figure]));
    const referenceMs = median([...windows.values()].flat().map(({ calibrationMs }) => calibrationMs));
    const cpuOf = (count: number): number[] =>
      windows.get(count)!.map((window) => normalisedCpu(window, referenceMs));
    const cpuRatio = (count: number): number => medianRatio(cpuOf(count), cpuOf(1));
    return {
      markdown: [
        `\`POST /pay\` on 1, 2 and 4 replicas with one PostgreSQL ${version}, ${CONNECTIONS} connections for each replica, all at the same time and on one processor; medians of ${rounds} rounds. CPU is that of the gateways; × is the median of the ratios within the rounds.`,
        table(
          ['replicas', 'CPU µs', '×', 'requests/s in all', 'p50 ms', 'p99 ms'],
          COUNTS.map((count) => [
            String(count),
            median(cpuOf(count)).toFixed(0),
            cpuRatio(count).toFixed(2),
            whole(of(count, 'requestsPerSecond')),
            of(count, 'p50').toFixed(2),
            of(count, 'p99').toFixed(2),
          ]),
        ),
        diskLine(run.folder),
      ].join('\n\n'),
      targets: COUNTS.slice(1).map((count) => ({
        name: `CPU of one replica, ${count} replicas`,
        limit: 1.3,
        measured: cpuRatio(count),
        unit: '×' as const,
      })),
    };
  } finally {
    for (const generator of generators) generator.stop();
    await database.dispose();
  }
};
