import type { Exchanged } from './recording-client.js';
import type { Session } from './session.js';

/**
 * - `must`: money is not safe without it.
 * - `should`: the gateway copes, at a price.
 * - `offers`: part of an optional operation or promise. Absent, it is not earned; broken, it fails.
 */
export type Level = 'must' | 'should' | 'offers';

/** What an entry of the externals file can say that an external has to earn. */
export type Capability =
  'honoursIdempotencyKey' | 'statusByShopTransactionId' | 'refund/status' | 'cancel' | 'status' | 'refund';

/** One statement about an external, and how to find out whether it is true. */
export interface Check {
  /** Stable, kebab case. */
  readonly id: string;
  readonly level: Level;
  readonly capability?: Capability;
  /** The statement, as a sentence without a full stop. */
  readonly title: string;
  /** The section of SPEC.md that requires it: `§2`. */
  readonly spec: string;
  /** How to mend an external that fails, for its author. */
  readonly mend: string;
  /** Takes seconds: begun first. */
  readonly slow?: true;
  /** Returns where the statement is true; throws an error of `check-errors.ts`. */
  run(session: Session): Promise<void>;
}

export type Verdict = 'passed' | 'failed' | 'flaky' | 'not-offered' | 'not-tried';

/** A check that has been run, or could not be. */
export interface CheckResult {
  readonly check: Check;
  readonly verdict: Verdict;
  /** One line. Undefined where it passed. */
  readonly reason?: string;
  /** The exchange that shows the failure. */
  readonly exchange?: Exchanged | undefined;
  /** `flaky`: whether the failure was a wrong answer, and not trouble of the network. */
  readonly wrongAnswer?: boolean;
  readonly durationMs: number;
}
