import { Problem } from '../problems/problem.js';
import type { OperationRow } from './operation.table.js';

/** The executor's refusals; `outcome-problem.ts` has the problems for the end of a call. */

export function stillRunning(): Problem {
  return new Problem(
    'idempotency-conflict',
    'The first request with this Idempotency-Key is still running.',
    { outcome: 'unknown', retryAfterMs: 1_000 },
  );
}

/** An identical request without a key came before; its operation, once the transaction has ended, names the result. */
export class RepeatFound extends Error {
  constructor(readonly first: OperationRow) {
    super(`A repeat of ${first.id} without an Idempotency-Key`);
  }
}

/** `members` name what the first request made. */
export function repeatedWithoutKey(members: Readonly<Record<string, string>>): Problem {
  return new Problem(
    'repeated-without-key',
    'An identical request without an Idempotency-Key came before and may have been executed. Send a key to do it again.',
    { outcome: 'unknown', members },
  );
}

export function keyReused(): Problem {
  return new Problem(
    'idempotency-key-reused',
    'This Idempotency-Key belongs to an earlier, different request.',
    { outcome: 'not-executed' },
  );
}

/** The fingerprint of the first request was made with another key, so that a repeat cannot be recognised. */
export function notComparable(): Problem {
  return new Problem(
    'idempotency-conflict',
    'The gateway can no longer verify that this is the request that used this Idempotency-Key first.',
    { outcome: 'unknown' },
  );
}

/** The database failed before the call. */
export function notSent(cause: Error): Problem {
  return new Problem(
    'storage-unavailable',
    'The database cannot be used now; nothing was sent to the external.',
    { outcome: 'not-executed', cause },
  );
}

/** The database failed while the gateway looked up the first request of a repeat. */
export function perhapsSent(cause: Error): Problem {
  return new Problem(
    'storage-unavailable',
    'The database cannot be used now; an earlier identical request may have been executed.',
    { outcome: 'unknown', cause },
  );
}
