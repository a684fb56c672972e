import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Kysely } from 'kysely';
import type { DatabaseSchema } from '../database.js';
import { BACKUP_TIME, RECOVERY, type RecoveryRecord } from '../recovery-record.js';
import { readSetting, writeSetting } from '../settings.js';
import type { Trx } from '../store.js';
import { NodeSqliteDialect } from './node-sqlite.dialect.js';
import type { SqliteConnection } from './sqlite.connection.js';

/** What the ledger committed within this time before it was replaced is not recognised as lost. */
const COUNT_EVERY_MS = 1_000;
const MARK = 'ledger-mark';
const FILE_MODE = 0o600;

/** In the ledger's `settings`, and in the file beside it. */
interface Mark {
  /** Random, made with the ledger. */
  readonly ledger: string;
  /** Grows while the ledger is written to. */
  readonly count: number;
}

export function markPath(path: string): string {
  return `${path}.mark`;
}

/**
 * A counter in the ledger, which a file beside it repeats once it is stored. A ledger whose counter is behind that of
 * the file is an older copy in the place of the ledger (SPEC §10).
 */
export class LedgerMark {
  readonly #path: string;
  readonly #ledger: string;
  #count: number;
  #commits = 0;
  #covered = 0;
  #timer: NodeJS.Timeout | undefined;
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, { ledger, count }: Mark) {
    this.#path = path;
    this.#ledger = ledger;
    this.#count = count;
  }

  /** Begins a recovery if the ledger at `path` is a backup, or is not the one that was last used at this path. */
  static async open(path: string, writer: SqliteConnection): Promise<LedgerMark> {
    const db = new Kysely<DatabaseSchema>({ dialect: new NodeSqliteDialect(writer) });
    return db.transaction().execute(async (trx) => {
      const stored = readMark(await readSetting(trx, MARK));
      const beside = readMark(textOf(markPath(path)));
      const backupTime = await readSetting(trx, BACKUP_TIME);
      const mark: Mark = {
        ledger: stored?.ledger ?? randomUUID(),
        count: Math.max(stored?.count ?? 0, beside?.count ?? 0),
      };
      if (backupTime !== undefined || (beside && isBehind(stored, beside))) {
        const record: RecoveryRecord = {
          declaredBy: backupTime === undefined ? 'file' : 'backup',
          restoredFrom: backupTime === undefined ? null : Number(backupTime),
          startedAt: null,
          endedAt: null,
        };
        await writeSetting(trx, RECOVERY, JSON.stringify(record));
        await writeSetting(trx, MARK, JSON.stringify(mark));
        await trx.deleteFrom('settings').where('key', '=', BACKUP_TIME).execute();
      }
      return new LedgerMark(path, mark);
    });
  }

  /** To call after each commit. `commit` runs a transaction. */
  committed(commit: (work: (trx: Trx) => Promise<void>) => Promise<void>): void {
    this.#commits += 1;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.count(commit);
    }, COUNT_EVERY_MS).unref();
  }

  /** Counts, unless nothing was committed since. */
  count(commit: (work: (trx: Trx) => Promise<void>) => Promise<void>): Promise<void> {
    this.#last = this.#last.then(() => this.#countNow(commit));
    return this.#last;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  async #countNow(commit: (work: (trx: Trx) => Promise<void>) => Promise<void>): Promise<void> {
    const before = this.#commits;
    if (before === this.#covered) return;
    const text = JSON.stringify({ ledger: this.#ledger, count: this.#count + 1 } satisfies Mark);
    try {
      await commit((trx) => writeSetting(trx, MARK, text));
      // Only once it is stored: a file that is ahead of the ledger means a loss.
      await replaceFile(markPath(this.#path), text);
    } catch {
      // Whatever keeps the ledger from being written is reported by its own commits; the next count covers this one.
      return;
    }
    this.#count += 1;
    // The commit of the mark is one of its own.
    this.#covered = before + 1;
  }
}

function isBehind(stored: Mark | undefined, beside: Mark): boolean {
  return stored?.ledger !== beside.ledger || stored.count < beside.count;
}

async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.next`;
  const file = await open(next, 'w', FILE_MODE);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  renameSync(next, path);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** A text that is no mark says nothing. */
function readMark(text: string | undefined): Mark | undefined {
  try {
    const { ledger, count } = JSON.parse(text ?? '') as Partial<Mark>;
    return typeof ledger === 'string' && typeof count === 'number' ? { ledger, count } : undefined;
  } catch {
    return undefined;
  }
}
