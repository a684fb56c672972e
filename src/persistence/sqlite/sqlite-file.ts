import { closeSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isBusy } from './sqlite-errors.js';
import { SqliteConnection } from './sqlite.connection.js';

/** Smooths over a lock of a few milliseconds; the group commit waits out longer ones without stopping the event loop. */
const BUSY_TIMEOUT_MS = 50;
const PAGE_BYTES = 2_048;
/** Checkpoints are the checkpointer's; 80 MiB of log means that it does not do its work. */
const AUTOCHECKPOINT_PAGES = 40_000;
/** A log that was larger once is cut back to this when it begins anew. */
const LOG_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;

/** The database's owner reads and writes, nobody else: it says who paid what. SQLite gives its `-wal` and `-shm` the same mode. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** Another process has this database file open: two writers would only wait for each other. */
export class DatabaseInUse extends Error {
  constructor(path: string, pid: number) {
    super(
      `another Tollgate process (pid ${pid}) uses ${path}; SQLite serves one process: use PostgreSQL for replicas`,
    );
    this.name = 'DatabaseInUse';
  }
}

/** Creates the directory of `path` where it is missing, and answers the path without symbolic links: one file, one lock. */
export function prepareDirectory(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
  return realPath(path) ?? join(realpathSync(dirname(path)), basename(path));
}

/**
 * The writing connection. Its commits are written when they return, and on the disk after `WriteAheadLog.sync`, which the
 * group commit waits for before it answers. `:memory:` has neither file nor WAL.
 */
export function openConnection(path: string): SqliteConnection {
  if (path !== ':memory:') {
    createFile(path);
  }
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
  try {
    // For a file that is still empty. Rows lie scattered, and each page that one touches is written whole: pages of half the usual
    // size take a quarter less CPU for each payment, and half of the log.
    database.exec(`pragma page_size = ${PAGE_BYTES}`);
    const mode = database.prepare('pragma journal_mode = wal').get()!['journal_mode'];
    if (mode !== 'wal' && mode !== 'memory') {
      throw new Error(`${path}: SQLite cannot use a write-ahead log here (journal mode ${String(mode)})`);
    }
    database.exec('pragma synchronous = normal');
    // What savepoints need for their undoing is of no use after a crash; in a temporary file it costs half of each transaction.
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
 * Makes this process the only one on the database at `path`, until the returned connection is closed or the process ends in
 * any way: the kernel frees the lock, so none is ever stale. The lock is the write lock of a SQLite file of its own beside the
 * database, held by a transaction that never writes. The database file itself stays free for backups and for `sqlite3` to look
 * into, which `locking_mode=exclusive` would forbid.
 * @throws {DatabaseInUse}
 */
export function lockDatabase(path: string): DatabaseSync {
  const lockPath = `${path}.lock`;
  createFile(lockPath);
  const lock = new DatabaseSync(lockPath, { timeout: 0 });
  try {
    // The pid must be committed to be seen by the process that is refused, and the commit lets go of the lock: so again,
    // until the lock is held over our own pid.
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

/** Creates an empty file where there is none. It never opens an existing one: closing it would drop the locks SQLite holds on it in this process. */
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
