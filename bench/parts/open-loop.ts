import type { ServerLoad } from '../bench-run.js';
import type { LoadResult } from '../load/closed-loop.js';
import type { Latencies } from '../load/latencies.js';
import { type Part, say } from '../part.js';
import { table, whole } from '../report/markdown.js';
import { DIRECT, server } from '../servers.js';
import { median } from '../statistics.js';

const RAMP_MS = 1_000;
const SHARE_OF_SATURATION = 0.5;
const COLUMNS = ['p50', 'p90', 'p99', 'p999', 'max'] as const satisfies readonly (keyof Latencies)[];

/**
 * What Tollgate adds to the external's own time while it is not busy: requests come at random, at half of what it can
 * do.
 */
export const addedLatency: Part = async (run, { rounds = 5, seconds = 8, warmUpSeconds = 20 }) => {
  const gateway = await run.startWarm(server('tollgate', run.subfolder('tollgate')), {
    pay: warmUpSeconds,
    status: 0,
  });
  const saturation = await run.measure(gateway, {
    kind: 'closed-loop',
    operation: 'pay',
    connections: 128,
    rampMs: RAMP_MS,
    until: { seconds },
  });
  const saturationPerSecond = saturation.requests / saturation.seconds;
  const requestsPerSecond = saturationPerSecond * SHARE_OF_SATURATION;
  const load = {
    kind: 'open-loop',
    operation: 'pay',
    requestsPerSecond,
    rampMs: RAMP_MS,
    seconds,
  } as const satisfies ServerLoad;
  const direct: LoadResult[] = [];
  const through: LoadResult[] = [];
  // The first round of this loop is for the load generator to warm up.
  for (let round = 0; round <= rounds; round += 1) {
    const straight = await run.generator.run({ ...load, target: DIRECT });
    const gatewayed = await run.measure(gateway, load);
    say(
      `round ${round}: p99 ${straight.latencies.p99.toFixed(2)} ms, ${gatewayed.latencies.p99.toFixed(2)} ms`,
    );
    if (round === 0) continue;
    direct.push(straight);
    through.push(gatewayed);
  }
  const added = (column: keyof Latencies): number =>
    median(through.map(({ latencies }, i) => latencies[column] - direct[i]!.latencies[column]));
  const of = (results: readonly LoadResult[]): string[] =>
    COLUMNS.map((column) => median(results.map(({ latencies }) => latencies[column])).toFixed(2));
  return {
    markdown: [
      `\`POST /pay\`, ${whole(requestsPerSecond)} requests a second, half of the ${whole(saturationPerSecond)} that Tollgate answers with 128 connections. Medians of ${rounds} rounds of ${seconds} s; a request's time counts from when it was due.`,
      table(
        ['milliseconds', 'p50', 'p90', 'p99', 'p99.9', 'longest'],
        [
          ['the stub itself', ...of(direct)],
          ['through Tollgate', ...of(through)],
          ['added', ...COLUMNS.map((column) => added(column).toFixed(2))],
        ],
      ),
    ].join('\n\n'),
    targets: [
      { name: 'Added latency, p50', limit: 1, measured: added('p50'), unit: 'ms' },
      { name: 'Added latency, p99', limit: 5, measured: added('p99'), unit: 'ms' },
    ],
  };
};
