import type { History } from './history.js';

/** The shortest beginning that is tried. */
const FEWEST_OPERATIONS = 25;

/**
 * A shorter history in which the same invariant is violated: first a beginning of it, then, by delta debugging, parts of
 * what happened (steps of actors, faults) are left out as long as the violation stays.
 *
 * @param play plays the history in which only the given steps and faults may happen; undefined: all
 * @param limitMs of the machine's time
 */
export async function shrink(
  failed: History,
  play: (only: readonly string[] | undefined, operations: number) => Promise<History>,
  limitMs: number,
): Promise<History> {
  const endNs = process.hrtime.bigint() + BigInt(limitMs) * 1_000_000n;
  const { invariant } = failed.violations[0]!;
  const isSame = ({ violations }: History) => violations.some((each) => each.invariant === invariant);
  let shortest = failed;
  for (let count = FEWEST_OPERATIONS; count < shortest.operations; count *= 2) {
    if (process.hrtime.bigint() >= endNs) return shortest;
    const beginning = await play(undefined, count);
    if (isSame(beginning)) shortest = beginning;
  }
  let parts = 2;
  while (parts <= shortest.happened.length * 2 && process.hrtime.bigint() < endNs) {
    const { happened, operations } = shortest;
    const size = Math.ceil(happened.length / parts);
    let found: History | undefined;
    // From the end: what happened late is left out without an effect on the rest.
    for (let from = size * (Math.ceil(happened.length / size) - 1); from >= 0 && !found; from -= size) {
      if (process.hrtime.bigint() >= endNs) break;
      const rest = [...happened.slice(0, from), ...happened.slice(from + size)];
      const history = await play(rest, operations);
      if (isSame(history) && history.happened.length < happened.length) found = history;
    }
    shortest = found ?? shortest;
    if (!found && size === 1) break;
    parts = found ? Math.max(2, parts - 1) : parts * 2;
  }
  return shortest;
}
