/** The calls of the last hour that were sent, as one replica has seen them. */
export interface HourOfCalls {
  readonly calls: number;
  /** Without an answer of the contract: no connection, no answer, 5xx, an invalid answer, refused credentials. */
  readonly failed: number;
  /** The duration that 95 % of the calls did not exceed, within a tenth. */
  readonly p95Ms: number;
}

const MINUTE_MS = 60_000;
const MINUTES = 60;
/** Four classes for each doubling: 1 ms to more than an hour. */
const CLASSES_PER_DOUBLING = 4;
const CLASSES = 23 * CLASSES_PER_DOUBLING;

class Minute {
  at = Number.NEGATIVE_INFINITY;
  failed = 0;
  readonly byDuration = new Uint32Array(CLASSES);

  begin(at: number): void {
    this.at = at;
    this.failed = 0;
    this.byDuration.fill(0);
  }
}

/** Counts calls by minute and by class of duration: 60 small tables, whatever the load is. */
export class RecentCalls {
  readonly #minutes = Array.from({ length: MINUTES }, () => new Minute());

  record(nowMs: number, durationMs: number, failed: boolean): void {
    const at = Math.floor(nowMs / MINUTE_MS);
    const minute = this.#minutes[at % MINUTES]!;
    if (minute.at !== at) minute.begin(at);
    minute.byDuration[classOf(durationMs)]! += 1;
    if (failed) minute.failed += 1;
  }

  /** Undefined where no call was sent in the last hour. */
  lastHour(nowMs: number): HourOfCalls | undefined {
    const since = Math.floor(nowMs / MINUTE_MS) - MINUTES;
    const recent = this.#minutes.filter(({ at }) => at > since);
    const byDuration = new Uint32Array(CLASSES);
    for (const minute of recent) minute.byDuration.forEach((calls, index) => (byDuration[index]! += calls));
    const calls = byDuration.reduce((sum, each) => sum + each, 0);
    if (calls === 0) return undefined;
    return {
      calls,
      failed: recent.reduce((sum, minute) => sum + minute.failed, 0),
      p95Ms: durationOf(percentile(byDuration, Math.ceil(calls * 0.95))),
    };
  }
}

function percentile(byDuration: Uint32Array, rank: number): number {
  let seen = 0;
  return byDuration.findIndex((calls) => (seen += calls) >= rank);
}

function classOf(durationMs: number): number {
  const index = Math.floor(Math.log2(Math.max(1, durationMs)) * CLASSES_PER_DOUBLING);
  return Math.min(CLASSES - 1, index);
}

/** The middle of a class. */
function durationOf(index: number): number {
  return 2 ** ((index + 0.5) / CLASSES_PER_DOUBLING);
}
