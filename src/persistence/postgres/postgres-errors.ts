import { DatabaseError } from 'pg';
import { DatabaseTooNew } from '../migrations/migrate.js';
import { StorageUnavailable, UnusableDatabase } from '../store.js';
import { UnfitHost } from './postgres.hosts.js';

/**
 * SQLSTATE classes (PostgreSQL, appendix A) of errors of the query, its values or its neighbours. Every other error
 * is one of the server, its state, or what an operator did to it, also those that are not known here.
 */
const QUERY_CLASSES = new Set([
  '22', // data exception
  '23', // integrity constraint violation
  '40', // transaction rollback: {@link isRetryable}
  '42', // syntax error or access rule violation
]);
/** Of those classes, what an operator or a pooler causes. */
const OPERATOR_STATES = new Set([
  '42501', // a privilege was revoked
  '42P01', // a table was dropped
  '42P05', // a pooler gave this session's statement to another: it exists already
]);
const TOO_MANY_CONNECTIONS = '53300';
/** Of a start: the server is down, starts, or has no session left. */
const PASSING_CLASSES = new Set(['08', '53', '57']);
const READ_ONLY = '25006';
/**
 * The server has ended the session. Its severity, FATAL, is a word of the server's language and may be a translation;
 * the codes are the same everywhere.
 */
const SESSION_ENDS = new Set([
  '57P01', // an operator terminated it, or the server stops
  '57P02', // the server crashed
  '57P03', // the server starts
  '57P04', // the database was dropped
  '57P05', // idle_session_timeout
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
]);
/** Errors that may be those of one session alone: connection, resources, system, internal error (its caches). */
const SUSPECT_CLASSES = new Set(['08', '53', '58', 'XX']);
/** The session does not have the named statement, or has it already: a pooler gave it to another client. */
const NAME_CONFLICTS = new Set(['26000', '42P05']);
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';
const UNIQUE_VIOLATION = '23505';
const IN_FAILED_TRANSACTION = '25P02';

/** Nothing was kept, and the same transaction may succeed when run again. */
export function isRetryable(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === SERIALIZATION_FAILURE || error.code === DEADLOCK);
}

/**
 * A row with the same unique value exists. Another transaction may have committed it in the same moment, unseen by the query
 * that looked for it; run again, the transaction sees it. If it violates its constraint again, that is an internal
 * error.
 */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === UNIQUE_VIOLATION;
}

/** A named statement is missing, or exists already; the transaction succeeds without names. */
export function isNameConflict(error: unknown): boolean {
  const cause = error instanceof StorageUnavailable ? error.cause : error;
  return cause instanceof DatabaseError && NAME_CONFLICTS.has(cause.code ?? '');
}

/** An earlier statement of the transaction failed, and this one was not executed. */
export function isAbortedTransaction(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === IN_FAILED_TRANSACTION;
}

/** The server has reached `max_connections`, or the limit of the role or database. */
export function isTooManyConnections(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isTooManyConnections);
  return error instanceof DatabaseError && error.code === TOO_MANY_CONNECTIONS;
}

/** A start may wait for it: the server cannot be reached, starts or stops, or has no session left. */
export function isPassing(error: unknown): boolean {
  if (error instanceof StorageUnavailable) return isPassing(error.cause);
  // Of several hosts, or of the addresses of one.
  if (error instanceof AggregateError) return error.errors.some(isPassing);
  if (error instanceof DatabaseError) return isReadOnly(error) || PASSING_CLASSES.has(classOf(error));
  const { message = '', code, syscall } = error as { message?: string; code?: unknown; syscall?: unknown };
  return (
    error instanceof UnfitHost ||
    // Of the network. `ERR_…` are those of TLS; a certificate that cannot be opened stays so.
    (typeof code === 'string' && /^E(?!RR_)/.test(code) && syscall !== 'open') ||
    /timeout|terminated|not queryable|no (connection|answer)/i.test(message)
  );
}

/** The session writes nothing: the server is a standby, or its settings made this session read-only. */
export function isReadOnly(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === READ_ONLY;
}

/** Another session may do what this one cannot. */
export function isSessionSuspect(error: unknown): boolean {
  return isReadOnly(error) || (error instanceof DatabaseError && SUSPECT_CLASSES.has(classOf(error)));
}

/**
 * A warning during a commit: it waits for a standby no longer, because an operator cancelled the wait (class 01) or
 * ended the session (57P01). Its text depends on the server's language, its code does not.
 */
export function isDurabilityWarning({ code = '' }: { readonly code?: string | undefined }): boolean {
  return (code.startsWith('01') || code === '57P01') && code !== '01P01';
}

/** Whether the connection is unusable: the socket broke, no answer arrived, or the server ended the session. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return isTransport(error);
  const { severity, code = '' } = error;
  return severity === 'FATAL' || severity === 'PANIC' || SESSION_ENDS.has(code) || classOf(error) === '08';
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

/** An error of the first connection. */
export function startFailure(error: unknown): Error {
  return error instanceof UnusableDatabase ? error : notCommitted(error);
}

const INSUFFICIENT_PRIVILEGE = '42501';

/** An error of the migrations, which an operator reads in one line unless it is internal. */
export function migrationFailure(error: unknown): unknown {
  if (error instanceof UnusableDatabase || error instanceof DatabaseTooNew) return error;
  if (error instanceof DatabaseError && error.code === INSUFFICIENT_PRIVILEGE)
    return new UnusableDatabase(
      `PostgreSQL: ${error.message}: the role of DATABASE_URL migrates the tables, for which it needs CREATE on their ` +
        'schema; or migrate as another role (`npm run migrate`), and grant this one USAGE on the schema and SELECT, ' +
        'INSERT, UPDATE, DELETE on all of its tables (docs/operating.md)',
      { cause: error },
    );
  return postgresFailure(error);
}

/** `cause` prevented the transaction from running, at every attempt. */
export function notCommitted(cause: unknown): StorageUnavailable {
  return unavailable(cause, 'not-committed');
}

/** The commit is stored on this server, and a failover may lose it: the server's `warning`. */
export function unreplicated(warning: string): StorageUnavailable {
  return unavailable(new Error(warning), 'unknown');
}

function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    return !QUERY_CLASSES.has(classOf(error)) || OPERATOR_STATES.has(error.code ?? '');
  }
  return isTransport(error);
}

function classOf({ code = '' }: DatabaseError): string {
  return code.slice(0, 2);
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
