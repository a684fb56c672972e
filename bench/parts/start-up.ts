import type { BenchRun } from '../bench-run.js';
import { type Part, say } from '../part.js';
import { table } from '../report/markdown.js';
import { tollgate } from '../servers.js';
import { median } from '../statistics.js';

/** From the spawn of `node dist/main.js` to its first 200 of `/health/ready`. */
export const startUp: Part = async (run, { rounds = 9, seconds = 2 }) => {
  await fill(run, seconds);
  const freshMs: number[] = [];
  const presentMs: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await run.calibration.measure();
    freshMs.push(await start(run, `fresh-${round}`));
    presentMs.push(await start(run, 'present'));
    say(`round ${round}: fresh ${freshMs.at(-1)!.toFixed(0)} ms, present ${presentMs.at(-1)!.toFixed(0)} ms`);
  }
  const row = (name: string, timesMs: readonly number[]): string[] => [
    name,
    ...[median(timesMs), Math.min(...timesMs), Math.max(...timesMs)].map((time) => time.toFixed(0)),
  ];
  return {
    markdown: [
      `${rounds} starts each, in turns, on one processor, files in the page cache.`,
      table(
        ['milliseconds to ready', 'median', 'fastest', 'slowest'],
        [row('a fresh database, migrated on the way', freshMs), row('a present database', presentMs)],
      ),
    ].join('\n\n'),
    targets: [
      { name: 'Ready, fresh database', limit: 0.5, measured: median(freshMs) / 1_000, unit: 's' },
      { name: 'Ready, present database', limit: 0.5, measured: median(presentMs) / 1_000, unit: 's' },
    ],
  };
};

/** Makes the database that is present: with payments in it. */
async function fill(run: BenchRun, seconds: number): Promise<void> {
  const gateway = tollgate(run.subfolder('present'));
  const process = run.start(gateway);
  await process.ready(gateway.readyUrl);
  await run.generator.run({
    kind: 'closed-loop',
    target: gateway.target,
    operation: 'pay',
    connections: 32,
    rampMs: 0,
    until: { seconds },
  });
  await process.stop();
}

/** Milliseconds to ready, on the database in that folder of the run. */
async function start(run: BenchRun, folder: string): Promise<number> {
  const gateway = tollgate(run.subfolder(folder));
  const process = run.start(gateway);
  const readyMs = await process.ready(gateway.readyUrl);
  await process.stop();
  return readyMs;
}
