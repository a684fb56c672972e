import { StorageUnavailable } from '../store.js';

/**
 * Primary result codes (https://sqlite.org/rescode.html) of errors of the file, the disk or its users, not of the
 * query.
 */
const PERM = 3;
const BUSY = 5;
const LOCKED = 6;
const NOMEM = 7;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const PROTOCOL = 15;
const NOTADB = 26;

const UNAVAILABLE = new Set([
  PERM,
  BUSY,
  LOCKED,
  NOMEM,
  READONLY,
  IOERR,
  CORRUPT,
  FULL,
  CANTOPEN,
  PROTOCOL,
  NOTADB,
]);

/** The primary result code of an error of `node:sqlite`, or undefined for any other error. */
function resultCode(error: unknown): number | undefined {
  const errcode = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof errcode === 'number' ? errcode & 0xff : undefined;
}

export function isBusy(error: unknown): boolean {
  return resultCode(error) === BUSY;
}

/** Extended result codes: `SQLITE_IOERR_FSYNC` and `SQLITE_IOERR_DIR_FSYNC`. */
const FSYNC_FAILED: ReadonlySet<unknown> = new Set([1_034, 1_290]);

/** An fsync inside SQLite failed. The system may report the next one as successful although data is missing. */
export function isSyncFailure(error: unknown): boolean {
  return FSYNC_FAILED.has((error as { errcode?: unknown } | undefined)?.errcode);
}

/** The file holds no usable database. */
export function isDamage(error: unknown): boolean {
  const code = resultCode(error);
  return code === CORRUPT || code === NOTADB;
}

/** The system does not let this process open the file, or write to it. */
export function isRefused(error: unknown): boolean {
  const code = resultCode(error);
  return code === PERM || code === READONLY || code === CANTOPEN;
}

/** `error` as {@link StorageUnavailable} if the storage caused it, else `error` itself. */
export function sqliteFailure(error: unknown): unknown {
  const code = resultCode(error);
  return code !== undefined && UNAVAILABLE.has(code) ? unavailable(error, 'not-committed') : error;
}

/**
 * What a failed COMMIT means for its transactions. After an I/O error the outcome is `unknown`: the last frame may be
 * in the WAL although its fsync failed, and a crash now would restore it.
 */
export function commitFailure(error: unknown): StorageUnavailable {
  const outcome = resultCode(error) === IOERR ? 'unknown' : 'not-committed';
  return unavailable(error, outcome);
}

/** The log is written but its fsync failed: a crash may keep it or not. */
export function syncFailure(error: unknown): StorageUnavailable {
  return unavailable(error, 'unknown');
}

function unavailable(cause: unknown, outcome: StorageUnavailable['outcome']): StorageUnavailable {
  return new StorageUnavailable(`SQLite: ${(cause as Error).message}`, outcome, { cause });
}
