import type { LedgerEventRow } from '../../operations/ledger-event.table.js';
import { Problem } from '../../problems/problem.js';
import { shownText, shownTime } from '../records/shown.js';

/** What operators have recorded of an item whose present state is one that they gave it. */
export interface RecordedResolution {
  /** Gave the item its present state. */
  readonly setting: LedgerEventRow;
  /** The one that a correction names. */
  readonly latest: LedgerEventRow;
  readonly acts: readonly LedgerEventRow[];
}

/**
 * The resolutions among the events of an item, oldest first, unless its present `state` is of another source. Events of
 * two replicas within some milliseconds may be in the wrong order, as their clocks differ: the last one need not be the one
 * that gave the item its state.
 */
export function recordedResolution(
  events: readonly LedgerEventRow[],
  state: string,
): RecordedResolution | undefined {
  const setting = events.findLast(({ before, after }) => before !== after && after === state);
  if (!setting || !isResolution(setting)) return undefined;
  const acts = events.filter(isResolution);
  return { setting, latest: acts.at(-1)!, acts };
}

/** The external's answer to a refund that an operator ordered is by `operator` too, but its cause is the operation. */
function isResolution({ source, cause }: LedgerEventRow): boolean {
  return source === 'operator' && cause !== null && cause.includes(': ');
}

/** An operator was faster, or has forgotten what was recorded: the answer names it, for a correction. */
export function alreadyResolved(what: string, { id, after, at, cause }: LedgerEventRow): Problem {
  const by = shownText(cause) ?? 'an operator';
  return new Problem(
    'conflict',
    `The ${what} was resolved as ${after} at ${shownTime(at)} (${by}). To correct that, send "corrects": "${id}".`,
    { members: { resolution: id } },
  );
}
