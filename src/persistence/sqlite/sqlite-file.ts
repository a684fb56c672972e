import { closeSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isBusy } from './sqlite-errors.js';
import { SqliteConnection } from './sqlite.connection.js';

/** Waits for a lock of a few milliseconds; the group commit waits for longer ones without blocking the event loop. */
const BUSY_TIMEOUT_MS = 50;
const PAGE_BYTES = 2_048;
/** A backstop at 80 MiB of log: normally the checkpointer makes the checkpoints. */
const AUTOCHECKPOINT_PAGES = 40_000;
/** A longer log is truncated to this when it restarts. */
const LOG_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;

/** Only the owner reads and writes the database. SQLite gives its `-wal` and `-shm` the same mode. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** Another process has this database file open: two writers would block each other. */
export class DatabaseInUse extends Error {
  constructor(path: string, pid: number) {
    super(
      `another Tollgate process (pid ${pid}) uses ${path}; SQLite serves one process: use PostgreSQL for replicas`,
    );
    this.name = 'DatabaseInUse';
  }
}

/** Creates the directory of `path` if missing, and returns the path without symbolic links: one file, one lock. */
export function prepareDirectory(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
  return realPath(path) ?? join(realpathSync(dirname(path)), basename(path));
}

/**
 * The writing connection. Its commits are written when they return, and on the disk after `WriteAheadLog.sync`, for
 * which the group commit waits. `:memory:` has neither file nor WAL.
 */
export function openConnection(path: string): SqliteConnection {
  if (path !== ':memory:') {
    createFile(path);
  }
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
  try {
    // For a new file. Rows are scattered, and each page that one touches is written as a whole: pages of half the
    // usual size take a quarter less CPU for each payment, and half of the log.
    database.exec(`pragma page_size = ${PAGE_BYTES}`);
    const mode = database.prepare('pragma journal_mode = wal').get()!['journal_mode'];
    if (mode !== 'wal' && mode !== 'memory') {
      throw new Error(`${path}: SQLite cannot use a write-ahead log here (journal mode ${String(mode)})`);
    }
    database.exec('pragma synchronous = normal');
    // The undo data of savepoints is useless after a crash; in a temporary file it costs half of each transaction.
    database.exec('pragma temp_store = memory');
    database.exec(`pragma wal_autocheckpoint = ${AUTOCHECKPOINT_PAGES}`);
    database.exec(`pragma journal_size_limit = ${LOG_SIZE_LIMIT_BYTES}`);
    return new SqliteConnection(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

export function openReadOnly(path: string): SqliteConnection {
  return new SqliteConnection(new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, readOnly: true }));
}

/**
 * Makes this process the only one on the database at `path`, until the returned connection is closed or the process
 * ends: the kernel frees the lock, so none is ever stale. The lock is the write lock of a separate SQLite file beside
 * the database, held by a transaction that never writes. The database file itself stays open to backups and
 * `sqlite3`, which `locking_mode=exclusive` would forbid.
 * @throws {DatabaseInUse}
 */
export function lockDatabase(path: string): DatabaseSync {
  const lockPath = `${path}.lock`;
  createFile(lockPath);
  const lock = new DatabaseSync(lockPath, { timeout: 0 });
  try {
    // The refused process can only see a committed pid, and the commit releases the lock: repeated until the lock is
    // held with our own pid.
    for (;;) {
      lock.exec('begin immediate');
      if (pidIn(lock) === process.pid) {
        return lock;
      }
      lock.exec(`pragma user_version = ${process.pid}`);
      lock.exec('commit');
    }
  } catch (error) {
    const refusal = isBusy(error) ? new DatabaseInUse(path, pidIn(lock)) : error;
    lock.close();
    throw refusal;
  }
}

/**
 * Creates an empty file if missing. Never opens an existing one: closing it would drop SQLite's locks on it in this
 * process.
 */
function createFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', FILE_MODE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  }
}

function pidIn(lock: DatabaseSync): number {
  return lock.prepare('pragma user_version').get()!['user_version'] as number;
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
