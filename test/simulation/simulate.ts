import { countOutcomes, outcomes, outcomesNeverReached } from './coverage.js';
import type { History } from './history.js';
import { shrink } from './shrink.js';
import { type Settings, World } from './world.js';

/** The ledger of a longer history would not fit into memory, and a failure is repeated faster in a short one. */
const CHAPTER = 5_000;
/** How often a long history says how far it is. */
const PROGRESS = 50_000;
const SHOWN_VIOLATIONS = 20;
const SHOWN_TRACE = 200;

export interface Simulation {
  readonly seed: number;
  readonly operations: number;
  /** How long a failure may be shrunk. */
  readonly shrinkMs: number;
}

countOutcomes();

/** The chapters of a history of `operations`, each a world of its own that its number and the seed decide. */
function chapterSeed(seed: number, chapter: number): number {
  return (Math.imul(seed, 0x9e3779b1) + Math.imul(chapter, 0x85ebca6b)) | 0;
}

let warm: Promise<History> | undefined;

/** The first world of a process makes what the program keeps for ever, at moments that no later world repeats. */
async function playWorld(settings: Settings): Promise<History> {
  await (warm ??= new World({ seed: 0, operations: 100, replicas: 2 }).play());
  return new World(settings).play();
}

/** Plays all chapters and prints what happened. False: an invariant was violated. */
export async function simulate({ seed, operations, shrinkMs }: Simulation): Promise<boolean> {
  const startedAt = process.hrtime.bigint();
  const cpuAt = process.cpuUsage();
  const counts: Record<string, number> = {};
  let digest = '';
  for (let chapter = 0; chapter * CHAPTER < operations; chapter += 1) {
    const settings = {
      seed: chapterSeed(seed, chapter),
      operations: Math.min(CHAPTER, operations - chapter * CHAPTER),
      replicas: 1 + ((chapter + seed) % 4),
    };
    const history = await playWorld(settings);
    for (const [what, times] of Object.entries(history.counts)) counts[what] = (counts[what] ?? 0) + times;
    ({ digest } = history);
    if (history.violations.length > 0) {
      const before = chapter * CHAPTER;
      console.log(`seed ${seed}, after ${before + history.operations} operations: violated`);
      await report(history, settings, shrinkMs);
      return false;
    }
    const played = chapter * CHAPTER + settings.operations;
    if (played % PROGRESS === 0 && played < operations)
      console.log(`seed ${seed}: ${played} operations so far, 0 violations`);
  }
  const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
  const { user, system } = process.cpuUsage(cpuAt);
  const cpuSeconds = (user + system) / 1e6;
  console.log(
    `seed ${seed}: ${operations} operations, 0 violations, ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of CPU, ` +
      `${Math.round(operations / cpuSeconds)} operations per second of CPU, digest ${digest.slice(0, 16)}`,
  );
  console.log(JSON.stringify(sorted(counts)));
  return true;
}

/** Prints how often each row of the outcome table has decided, in all histories. False: one never has. */
export function reportCoverage(): boolean {
  const never = outcomesNeverReached();
  const all = Object.keys(outcomes()).length;
  console.log(`outcome table: ${all - never.length} of ${all} rows`);
  for (const [row, times] of Object.entries(outcomes())) console.log(`${String(times).padStart(9)}  ${row}`);
  return never.length === 0;
}

async function report(failed: History, settings: Settings, limitMs: number): Promise<void> {
  for (const { invariant, detail } of failed.violations.slice(0, SHOWN_VIOLATIONS))
    console.log(`${invariant}: ${detail}`);
  if (limitMs === 0) return;
  const shortest = await shrink(
    failed,
    (only, operations) => playWorld({ ...settings, operations, ...(only && { only: new Set(only) }) }),
    limitMs,
  );
  const { happened, violations, trace } = await playWorld({
    ...settings,
    operations: shortest.operations,
    only: new Set(shortest.happened),
    recorded: true,
  });
  console.log(`shrunk from ${failed.happened.length} steps and faults to ${happened.length}:`);
  console.log(happened.join('\n'));
  for (const { invariant, detail } of violations.slice(0, SHOWN_VIOLATIONS))
    console.log(`${invariant}: ${detail}`);
  console.log(trace.slice(-SHOWN_TRACE).join('\n'));
}

function sorted(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
