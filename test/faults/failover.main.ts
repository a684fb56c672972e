/**
 * `npm run test:failover -- --rounds 10 --seed 1 [--faults kill,stop,"black hole"] [--promote-after 200,2000]
 * [--terminations 10] [--pgbouncer session]`: two replicas of the built program, under load, on a primary and its
 * synchronous standby. Round after round, the primary fails, the standby is promoted after so many milliseconds, and the
 * old primary comes back; the replicas are not restarted. At the end, SIGTERM ends a replica in a black hole. Needs
 * PostgreSQL's programs. Exit code 0 only if every promise was kept.
 */
import { parseArgs } from 'node:util';
import { SeededRandom } from '../support/seeded-random.js';
import {
  FAULTS,
  type Fault,
  type FailoverResult,
  FailoverSite,
  faultsOf,
  FLOW_LIMITS,
  flowsAfterMs,
} from './failover.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    'promote-after': { type: 'string', default: '200,2000' },
    terminations: { type: 'string' },
    pgbouncer: { type: 'string' },
    faults: { type: 'string', default: FAULTS.join() },
  },
});
const random = new SeededRandom(Number(values.seed));
const rounds = Number(values.rounds);
const [least, most] = values['promote-after'].split(',').map(Number) as [number, number];
const table: string[] = [];
let wrong = 0;

const mode = values.pgbouncer as 'session' | 'transaction' | undefined;
const site = await FailoverSite.open({ built: true, ...(mode && { mode }) });
try {
  for (const fault of values.faults.split(',') as Fault[]) {
    const results: FailoverResult[] = [];
    for (let round = 1; round <= rounds; round++) {
      const afterMs = least + random.below(most - least);
      const result = await site.round(fault, afterMs);
      results.push(result);
      const faults = faultsOf(fault, result);
      wrong += faults.length > 0 ? 1 : 0;
      const { flowsAfterPromotionMs, flowsAfterFaultMs, paid, unanswered } = result;
      console.log(
        `${fault} ${round}, promoted after ${afterMs} ms: flows ${Math.round(flowsAfterPromotionMs)} ms later, ` +
          `${Math.round(flowsAfterFaultMs)} ms after the fault; ${paid} paid, ${unanswered} without an answer` +
          faults.map((text) => `\n  FAULT: ${text}`).join(''),
      );
    }
    table.push(row(fault, results));
  }
  for (let round = 1; round <= Number(values.terminations ?? rounds); round++) {
    const { code, afterMs, log } = await site.terminateInBlackHole();
    console.log(`SIGTERM in a black hole ${round}: exit code ${code} after ${Math.round(afterMs)} ms`);
    if (code === 0) continue;
    wrong += 1;
    console.log(log.slice(log.indexOf('shutting down')));
  }
} finally {
  await site.close();
}
console.log(
  '| fault | rounds | flow again after (median, worst) | limit | lost | twice | untrue | at the old |',
);
for (const line of table) console.log(line);
process.exitCode = wrong > 0 ? 1 : 0;

function row(fault: Fault, results: readonly FailoverResult[]): string {
  const sum = (of: (result: FailoverResult) => number): number =>
    results.reduce((total, each) => total + of(each), 0);
  const { since, limitMs } = FLOW_LIMITS[fault];
  const sorted = results.map((result) => flowsAfterMs(fault, result)).toSorted((a, b) => a - b);
  return [
    `| ${fault}`,
    results.length,
    `${seconds(sorted[Math.floor(sorted.length / 2)]!)}, ${seconds(sorted.at(-1)!)}`,
    `${limitMs / 1_000} s of the ${since}`,
    sum(({ lost }) => lost.length),
    sum(({ twice }) => twice.length),
    sum(({ untrue }) => untrue.length),
    `${sum(({ strayed, strayedSessions }) => strayed.length + strayedSessions)} |`,
  ].join(' | ');
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
