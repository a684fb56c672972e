/**
 * `npm run test:failover -- --rounds 10 --seed 1 [--faults kill,stop,"black hole"]`: a primary and its synchronous standby
 * under load by two replicas of the built program; the primary fails and the standby is promoted, round after round,
 * without a restart of the replicas. Needs PostgreSQL's programs. Exit code 0 only if every promise was kept.
 */
import { parseArgs } from 'node:util';
import { SeededRandom } from '../support/seeded-random.js';
import { FAULTS, type Fault, type FailoverResult, FailoverSite, faultsOf } from './failover.js';

const PROMOTE_AFTER_MS = { least: 200, spread: 1_800 };

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    faults: { type: 'string', default: FAULTS.join() },
  },
});
const random = new SeededRandom(Number(values.seed));
const rounds = Number(values.rounds);
const table: string[] = [];
let wrong = 0;

const site = await FailoverSite.open({ built: true });
try {
  for (const fault of values.faults.split(',') as Fault[]) {
    const results: FailoverResult[] = [];
    for (let round = 1; round <= rounds; round++) {
      const afterMs = PROMOTE_AFTER_MS.least + random.below(PROMOTE_AFTER_MS.spread);
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
  for (let round = 1; round <= rounds; round++) {
    const { code, afterMs } = await site.terminateInBlackHole();
    wrong += code === 0 ? 0 : 1;
    console.log(`SIGTERM in a black hole ${round}: exit code ${code} after ${Math.round(afterMs)} ms`);
  }
} finally {
  await site.close();
}
console.log(
  '| fault | rounds | flow again after promotion (median, max) | after the fault | lost | twice | untrue | at the old |',
);
for (const line of table) console.log(line);
process.exitCode = wrong > 0 ? 1 : 0;

function row(fault: Fault, results: readonly FailoverResult[]): string {
  const seconds = (values: readonly number[]): string => {
    const sorted = values.toSorted((a, b) => a - b);
    return [sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!]
      .map((ms) => `${(ms / 1_000).toFixed(1)} s`)
      .join(', ');
  };
  const sum = (of: (result: FailoverResult) => number): number =>
    results.reduce((total, each) => total + of(each), 0);
  return [
    `| ${fault}`,
    results.length,
    seconds(results.map((result) => result.flowsAfterPromotionMs)),
    seconds(results.map((result) => result.flowsAfterFaultMs)),
    sum(({ lost }) => lost.length),
    sum(({ twice }) => twice.length),
    sum(({ untrue }) => untrue.length),
    `${sum(({ strayed, strayedSessions }) => strayed.length + strayedSessions)} |`,
  ].join(' | ');
}
