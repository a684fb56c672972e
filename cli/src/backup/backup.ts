import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Environment } from '../../../src/config/environment.js';
import { BACKUP_TIME } from '../../../src/persistence/recovery-record.js';
import { CommandError, EXIT } from '../exit-codes.js';
import { databaseOf } from '../ledger.js';

/** Only the owner reads the ledger. */
const FILE_MODE = 0o600;
/** How long to wait for a lock of another program. */
const BUSY_TIMEOUT_MS = 30_000;

interface Backup {
  readonly source: string;
  readonly bytes: number;
}

/**
 * Copies the ledger of `env` to `file`. The copy gets its name once it is checked and on the disk.
 * @throws CommandError
 */
export function backUp(file: string, env: Environment, nowMs: number): Backup {
  const source = ledgerOf(env);
  if (existsSync(file)) throw new CommandError(`${file} exists already`, EXIT.usage);
  const partial = `${file}.partial`;
  try {
    rmSync(partial, { force: true });
    closeSync(openSync(partial, 'wx', FILE_MODE));
    copy(source, partial);
    finish(partial, nowMs);
    sync(partial);
    renameSync(partial, file);
    sync(dirname(resolve(file)));
    return { source, bytes: statSync(file).size };
  } catch (error) {
    for (const left of [partial, `${partial}-journal`]) rmSync(left, { force: true });
    throw new CommandError(`${file}: the copy could not be made (${(error as Error).message})`);
  }
}

function ledgerOf(env: Environment): string {
  const database = databaseOf(env);
  if (database.kind === 'postgres')
    throw new CommandError(
      'DATABASE_URL names PostgreSQL: back it up with pg_basebackup and archived WAL, or pg_dump (docs/operating.md)',
      EXIT.usage,
    );
  if (!existsSync(database.path))
    throw new CommandError(`there is no ledger ${database.path}`, EXIT.unreachable);
  return realpathSync(database.path);
}

/**
 * `VACUUM INTO` reads one snapshot, and needs neither a second pass nor a lock that writers wait for. SQLite's backup
 * API copies the file as it is, but begins anew whenever another process writes.
 */
function copy(source: string, target: string): void {
  const database = new DatabaseSync(source, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    database.prepare('vacuum into ?').run(target);
  } finally {
    database.close();
  }
}

/** Marks the copy as a backup, and checks it. */
function finish(path: string, nowMs: number): void {
  const database = new DatabaseSync(path);
  try {
    database
      .prepare(
        'insert into settings (key, value) values (?, ?) on conflict (key) do update set value = excluded.value',
      )
      .run(BACKUP_TIME, String(nowMs));
    const result = database.prepare('pragma quick_check(1)').get()?.['quick_check'];
    if (result !== 'ok') throw new Error(`it is damaged: ${String(result)}`);
  } finally {
    database.close();
  }
}

function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
