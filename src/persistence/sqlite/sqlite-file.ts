import { closeSync, existsSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StorageUnavailable, UnusableDatabase } from '../store.js';
import { markPath } from './ledger-mark.js';
import { isBusy, isDamage, isRefused, sqliteFailure } from './sqlite-errors.js';
import { SqliteConnection } from './sqlite.connection.js';

/** Waits for a lock of a few milliseconds; the group commit waits for longer ones without blocking the event loop. */
const BUSY_TIMEOUT_MS = 50;
const PAGE_BYTES = 2_048;
/** How long a start waits for programs that read the database, such as a backup. */
const RECOVERY_LIMIT_MS = 30_000;
/** The `application_id` of the lock file of a ledger that has lost files. */
const LOST = 1;
/** A longer log is truncated to this when it restarts. */
const LOG_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;

/** Only the owner reads and writes the database. SQLite gives its `-wal` and `-shm` the same mode. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** Another process has this database file open: two writers would block each other. */
export class DatabaseInUse extends Error {
  constructor(path: string, pid?: number) {
    const process = pid === undefined ? 'process' : `process (pid ${pid})`;
    super(`another Tollgate ${process} uses ${path}; SQLite serves one process: use PostgreSQL for replicas`);
    this.name = 'DatabaseInUse';
  }
}

/** The ledger's files are not as Tollgate left them: starting on them could execute payments twice. */
export class LedgerDamaged extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LedgerDamaged';
  }
}

/**
 * Creates the directory of `path` if missing, and returns the path without symbolic links: one file, one lock.
 * @throws {UnusableDatabase} if `path` cannot be a file
 */
export function prepareDirectory(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  if (path.endsWith(sep) || found?.isDirectory())
    throw new UnusableDatabase(
      `${path} is a directory: DATABASE_URL must name a file, such as ${join(path, 'tollgate.db')}`,
    );
  if (found?.isFile() === false)
    throw new UnusableDatabase(`${path} is not a regular file: DATABASE_URL must name one`);
  makeDirectory(dirname(resolve(path)));
  return realPath(path) ?? join(realpathSync(dirname(path)), basename(path));
}

/** `error` of a start on the ledger at `path`, as an operator reads it unless it is internal. */
export function openFailure(path: string, error: unknown): unknown {
  if (isDamage(error)) return damagedFile(path, error);
  const { syscall } = error as NodeJS.ErrnoException;
  if (!isRefused(error) && syscall === undefined) return sqliteFailure(error);
  return new UnusableDatabase(
    `the ledger ${resolve(path)} cannot be opened for writing (${(error as Error).message}): its directory must exist or ` +
      'be one that this user can create, and this user must be able to write to the directory and the file',
    { cause: error },
  );
}

/** As `mkdirSync` with `recursive`, which never returns where a parent refuses entries (`/proc`, Node 24). */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: DIRECTORY_MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * Refuses to begin a new ledger where one was: SQLite would delete the log of a missing or empty file. The lock file
 * stays where it is when a ledger is closed.
 * @throws {LedgerDamaged}
 */
export function assertLedgerKept(path: string): void {
  if (bytesOf(path) > 0) return;
  const rest = [`${path}-wal`, `${path}.lock`, markPath(path)].filter((file) => bytesOf(file) > 0);
  if (rest.length === 0) return;
  throw new LedgerDamaged(
    `the ledger ${path} is missing or empty, but ${rest.join(', ')} ${rest.length === 1 ? 'shows' : 'show'} that one was there: put the file back or ` +
      `restore a backup; to begin a new, empty ledger, delete ${rest.join(', ')}`,
  );
}

function damagedFile(path: string, cause: unknown): LedgerDamaged {
  return new LedgerDamaged(
    `the ledger ${path} is damaged (${(cause as Error).message}): keep a copy of it and of its -wal file, ` +
      'and restore a backup (docs/operating.md)',
    { cause },
  );
}

function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/**
 * The writing connection. Its commits are written when they return, and on the disk after `WriteAheadLog.sync`, for
 * which the group commit waits. `:memory:` has neither file nor WAL.
 */
export function openConnection(path: string, logLimitBytes = LOG_SIZE_LIMIT_BYTES): SqliteConnection {
  if (path !== ':memory:') {
    createFile(path);
  }
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
  try {
    // For a new file. Rows are scattered, and each page that one touches is written as a whole: pages of half the
    // usual size take a quarter less CPU for each payment, and half of the log.
    database.exec(`pragma page_size = ${PAGE_BYTES}`);
    // For a new file too: what RETENTION deletes can be given back to the file system.
    database.exec('pragma auto_vacuum = incremental');
    const mode = database.prepare('pragma journal_mode = wal').get()!['journal_mode'];
    if (mode !== 'wal' && mode !== 'memory') {
      throw new UnusableDatabase(
        `${path}: SQLite cannot use a write-ahead log here (journal mode ${String(mode)})`,
      );
    }
    database.exec('pragma synchronous = normal');
    // What is erased or deleted is overwritten with zeros: otherwise its text stays in the file, in unused space.
    database.exec('pragma secure_delete = on');
    // The undo data of savepoints is useless after a crash; in a temporary file it costs half of each transaction.
    database.exec('pragma temp_store = memory');
    // Only the checkpointer makes checkpoints: SQLite ignores a failed fsync of its own automatic ones.
    database.exec('pragma wal_autocheckpoint = 0');
    database.exec(`pragma journal_size_limit = ${Math.min(logLimitBytes, LOG_SIZE_LIMIT_BYTES)}`);
    return new SqliteConnection(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Writes all of the log that another process left into the database. After a failed fsync that log may have a gap on
 * the disk that reads do not show: commits behind the gap would be lost in a power cut.
 * @throws {StorageUnavailable} while another program reads an older state
 */
export function recoverLog(path: string, connection: SqliteConnection): void {
  connection.run(`pragma busy_timeout = ${RECOVERY_LIMIT_MS}`);
  const result = connection.run('pragma wal_checkpoint(truncate)');
  if (result?.['busy'] !== 0)
    throw new StorageUnavailable(
      `another program reads ${path}, so its log cannot be recovered: end that program, and start again`,
      'not-committed',
    );
  connection.run(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
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
 * Writes into the lock file whether files of the ledger are lost. The log of a removed file is gone with the process,
 * and what is left may look intact: the next start must not take it for the whole ledger.
 */
export function markLost(lock: DatabaseSync, lost: boolean): void {
  // The transaction that holds the lock is the one that can write.
  lock.exec(`pragma application_id = ${lost ? LOST : 0}`);
  lock.exec('commit');
  lock.exec('begin immediate');
}

/**
 * Refuses a ledger whose files were lost under the process before, until an operator has deleted the lock file.
 * @throws {LedgerDamaged}
 */
export function assertNotLost(path: string, lock: DatabaseSync): void {
  if (lock.prepare('pragma application_id').get()!['application_id'] !== LOST) return;
  throw new LedgerDamaged(
    `the ledger ${path} lost files while a gateway used it (removed, replaced or overwritten), so payments may be missing ` +
      `from it: put the files back or restore a backup, then delete ${path}.lock (docs/operating.md)`,
  );
}

/**
 * A second lock, on the database file itself and not on a file beside it, which can be removed: a socket of Linux's
 * abstract namespace, named after the file's device and inode. The kernel frees it with the process. Processes in
 * other network namespaces (containers) do not see it. Undefined on other systems.
 * @throws {DatabaseInUse}
 */
export async function lockInode(path: string): Promise<Server | undefined> {
  if (process.platform !== 'linux') return undefined;
  const { dev, ino } = statSync(path);
  const server = createServer((socket) => socket.destroy());
  server.unref();
  return new Promise((opened, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      failed(error.code === 'EADDRINUSE' ? new DatabaseInUse(path) : error),
    );
    server.listen(`\0tollgate-ledger-${dev}-${ino}`, () => opened(server));
  });
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
