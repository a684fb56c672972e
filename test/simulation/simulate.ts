import type { History } from './history.js';
import { World } from './world.js';

/** The ledger of a longer history would not fit into memory, and a failure is repeated faster in a short one. */
export const CHAPTER = 5_000;

/** The chapters of a history of `operations`, each a world of its own that its number and the seed decide. */
export function chapterSeed(seed: number, chapter: number): number {
  return (Math.imul(seed, 0x9e3779b1) + Math.imul(chapter, 0x85ebca6b)) | 0;
}

let warm: Promise<History> | undefined;

/** The first world of a process makes what the program keeps for ever, at moments that no later world repeats. */
export async function playChapter(seed: number, chapter: number, operations: number): Promise<History> {
  await (warm ??= new World({ seed: 0, operations: 100, replicas: 2 }).play());
  return new World({
    seed: chapterSeed(seed, chapter),
    operations,
    replicas: 1 + ((chapter + seed) % 4),
  }).play();
}

/** Plays all chapters and prints what happened. False: an invariant was violated. */
export async function simulate(seed: number, operations: number): Promise<boolean> {
  const startedAt = process.hrtime.bigint();
  const counts: Record<string, number> = {};
  const digests: string[] = [];
  for (let chapter = 0; chapter * CHAPTER < operations; chapter += 1) {
    const share = Math.min(CHAPTER, operations - chapter * CHAPTER);
    const history = await playChapter(seed, chapter, share);
    for (const [what, times] of Object.entries(history.counts)) counts[what] = (counts[what] ?? 0) + times;
    digests.push(history.digest);
    if (history.violations.length > 0) {
      console.log(
        `seed ${seed}, chapter ${chapter}, ${share} operations: ${history.violations.length} violations`,
      );
      console.log(history.violations.slice(0, 20).join('\n'));
      return false;
    }
  }
  const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
  console.log(
    `seed ${seed}: ${operations} operations, 0 violations, ${seconds.toFixed(1)} s, ` +
      `${Math.round(operations / seconds)} operations/s, digest ${digests.at(-1)!.slice(0, 16)}`,
  );
  console.log(JSON.stringify(counts));
  return true;
}
