import { DatabaseError } from 'pg';
import { StorageUnavailable } from '../store.js';

/** SQLSTATE classes (PostgreSQL, appendix A) that blame the server or its state, not the query. */
const UNAVAILABLE_CLASSES = new Set([
  '08', // connection exception
  '53', // insufficient resources: disk full, out of memory, too many connections
  '57', // operator intervention: shutdown, crash, recovery, statement_timeout
  '58', // system error: input or output
]);
const UNAVAILABLE_STATES = new Set([
  '25006', // a standby, where the primary used to be: read-only transaction
  '25P03', // idle_in_transaction_session_timeout
  '55P03', // lock_timeout
]);
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';
const UNIQUE_VIOLATION = '23505';

/** Both mean: nothing was kept, and the same transaction may succeed when run again. */
export function isRetryable(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === SERIALIZATION_FAILURE || error.code === DEADLOCK);
}

/**
 * A row with the same unique value stands in the way. Another transaction may have committed it a moment ago, unseen by the
 * query that looked for it; run again, the transaction sees it. Where it violates its constraint all the same, it is a mistake.
 */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === UNIQUE_VIOLATION;
}

/** Whether the connection is of no more use: the socket broke, the answer never came, or the server ended the session. */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof DatabaseError
    ? error.severity === 'FATAL' || error.severity === 'PANIC'
    : isTransport(error);
}

/**
 * `error` as {@link StorageUnavailable} where the server or the way to it is to blame, else `error` itself. When the connection
 * is lost while `committing`, whether the server has committed nobody knows.
 */
export function storageFailure(error: unknown, committing = false): unknown {
  if (!isUnavailable(error)) {
    return error;
  }
  return unavailable(error, committing && isConnectionLost(error) ? 'unknown' : 'not-committed');
}

/** `cause` kept the transaction from being run at all, or every time it was tried. */
export function notCommitted(cause: unknown): StorageUnavailable {
  return unavailable(cause, 'not-committed');
}

function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    const state = error.code ?? '';
    return UNAVAILABLE_CLASSES.has(state.slice(0, 2)) || UNAVAILABLE_STATES.has(state);
  }
  return isTransport(error);
}

/** What `pg` throws is the server's, a conversion's (TypeError, RangeError), or else the connection's. */
function isTransport(error: unknown): boolean {
  const { name } = error as Error;
  return !(error instanceof DatabaseError || name === 'TypeError' || name === 'RangeError');
}

function unavailable(cause: unknown, outcome: StorageUnavailable['outcome']): StorageUnavailable {
  return new StorageUnavailable(`PostgreSQL: ${reasonOf(cause)}`, outcome, { cause });
}

/** Node reports a host with two addresses as an AggregateError without a message. */
function reasonOf(cause: unknown): string {
  const { message, errors } = cause as Partial<AggregateError>;
  return message || (errors ?? []).map(reasonOf).join('; ') || String(cause);
}
