/**
 * `npm run test:pauses -- --seconds 35,120,240 --rounds 3 [--postgres URL] [--at-once 12]`: pauses gateways in the middle
 * of a payment, at each place and for each time; on SQLite without `--postgres`. Rounds overlap. Exit code 0 only if
 * nothing was executed twice and every answer was true.
 */
import { parseArgs } from 'node:util';
import { PauseSite, PLACES, type PauseResult } from './pause-rounds.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '35,120,240' },
    rounds: { type: 'string', default: '1' },
    postgres: { type: 'string' },
    'at-once': { type: 'string', default: '12' },
  },
});
const places = PLACES.filter((place) => values.postgres || place !== 'sending');
const rounds = Array.from({ length: Number(values.rounds) }).flatMap(() =>
  values.seconds
    .split(',')
    .flatMap((seconds) => places.map((place) => ({ place, seconds: Number(seconds) }))),
);
const site = await PauseSite.open(values.postgres);
const remaining = rounds.toSorted((a, b) => b.seconds - a.seconds).values();
let failed = 0;
let executed = 0;

function report(place: string, seconds: number, result: PauseResult): void {
  failed += result.faults.length > 0 ? 1 : 0;
  executed += result.executed;
  const told = Object.entries(Object.groupBy(result.answers.slice(1), (text) => text)).map(
    ([text, all]) => `${all!.length} × ${text}`,
  );
  console.log(
    `${seconds} s, ${place}: executed ${result.executed}, answer ${result.answers[0]}, repeats ${told.join(', ') || 'none'}, ` +
      `ledger ${result.states.join()}${result.faults.map((fault) => `\n  FAULT: ${fault}`).join('')}`,
  );
}

await Promise.all(
  Array.from({ length: Number(values['at-once']) }, async () => {
    for (const round of remaining) {
      try {
        report(round.place, round.seconds, await site.round(round));
      } catch (error) {
        failed += 1;
        console.log(`${round.seconds} s, ${round.place}: not run: ${String(error)}`);
      }
    }
  }),
);
await site.close();
console.log(`${rounds.length} rounds, ${executed} executed, ${failed} with a fault`);
process.exitCode = failed > 0 ? 1 : 0;
