import { DatabaseError } from 'pg';
import { StorageUnavailable } from '../store.js';

/** SQLSTATE classes (PostgreSQL, appendix A) of errors of the server or its state, not of the query. */
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

/** Nothing was kept, and the same transaction may succeed when run again. */
export function isRetryable(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === SERIALIZATION_FAILURE || error.code === DEADLOCK);
}

/**
 * A row with the same unique value exists. Another transaction may have committed it just now, unseen by the query
 * that looked for it; run again, the transaction sees it. If it violates its constraint again, that is an internal
 * error.
 */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === UNIQUE_VIOLATION;
}

/** Whether the connection is unusable: the socket broke, no answer arrived, or the server ended the session. */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof DatabaseError
    ? error.severity === 'FATAL' || error.severity === 'PANIC'
    : isTransport(error);
}

/**
 * `error` as {@link StorageUnavailable} if the server or the network caused it, else `error` itself. If the
 * connection is lost while `committing`, it is unknown whether the server has committed.
 */
export function postgresFailure(error: unknown, committing = false): unknown {
  if (!isUnavailable(error)) {
    return error;
  }
  return unavailable(error, committing && isConnectionLost(error) ? 'unknown' : 'not-committed');
}

/** `cause` prevented the transaction from running, at every attempt. */
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

/** `pg` throws errors of the server, of a conversion (TypeError, RangeError), or else of the connection. */
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
