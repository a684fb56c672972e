import { type Stats, statSync } from 'node:fs';
import { StorageUnavailable } from '../store.js';
import type { Checkpointer } from './checkpointer.js';
import type { SqliteConnection } from './sqlite.connection.js';

const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const QUIET = { throwIfNoEntry: false } as const;

/** When the database file was last known to hold this process's checkpoints and nothing else. */
interface Baseline {
  readonly modifiedMs: number;
  readonly ownCheckpoints: number;
  readonly copiedFrames: number;
}

/**
 * The files of an open SQLite database, by their paths. SQLite goes on with the files that it opened when they are
 * removed, renamed, replaced or overwritten: what it commits then is lost with the process (SPEC §4). Three `stat`
 * calls, 5 µs together, notice it.
 */
export class LedgerFiles {
  readonly #path: string;
  readonly #writer: SqliteConnection;
  readonly #checkpointer: Pick<Checkpointer, 'running' | 'attempts'>;
  readonly #onLoss: (lost: boolean) => void;
  readonly #pageBytes: number;
  readonly #database: Stats;
  readonly #log: Stats;
  readonly #lock: Stats;
  #baseline: Baseline;
  #logBytes: number;
  #lost: string | undefined;

  /** `writer` has the database at `path` open, and its log and lock file exist; `onLoss` must not throw. */
  constructor(
    path: string,
    writer: SqliteConnection,
    checkpointer: Pick<Checkpointer, 'running' | 'attempts'>,
    onLoss: (lost: boolean) => void,
  ) {
    this.#path = path;
    this.#onLoss = onLoss;
    this.#writer = writer;
    this.#checkpointer = checkpointer;
    this.#pageBytes = Number(writer.run('pragma page_size')!['page_size']);
    this.#database = statSync(path);
    this.#log = statSync(`${path}-wal`);
    this.#lock = statSync(`${path}.lock`);
    this.#logBytes = this.#log.size;
    this.#baseline = this.#baselineAt(this.#database.mtimeMs);
  }

  /** The last check found a file lost: nothing may be answered from this database. */
  get lost(): boolean {
    return this.#lost !== undefined;
  }

  /** The size of the write-ahead log at the last check. */
  get logBytes(): number {
    return this.#logBytes;
  }

  /**
   * @throws {StorageUnavailable} with `outcome` if a file is not the one that this process opened, or was changed by
   * others. The next check looks again: a file that was renamed may come back.
   */
  check(outcome: StorageUnavailable['outcome']): void {
    const before = this.lost;
    this.#lost = this.#problem();
    if (this.lost !== before) this.#onLoss(this.lost);
    if (this.#lost !== undefined) throw new StorageUnavailable(`SQLite: ${this.#lost}`, outcome);
  }

  /**
   * The part of {@link check} that must come before a commit: the commit would fill the gap of a truncated log.
   * @throws {StorageUnavailable}
   */
  checkBeforeCommit(): void {
    const bytes = this.#lost === undefined ? statSync(`${this.#path}-wal`, QUIET)?.size : undefined;
    if (bytes === undefined || bytes < this.#logBytes) this.check('not-committed');
  }

  #problem(): string | undefined {
    const database = statSync(this.#path, QUIET);
    if (!isSame(database, this.#database)) return this.#missing('', database);
    const log = statSync(`${this.#path}-wal`, QUIET);
    if (!isSame(log, this.#log)) return this.#missing('-wal', log);
    const lock = statSync(`${this.#path}.lock`, QUIET);
    if (!isSame(lock, this.#lock)) return this.#missing('.lock', lock);
    if (log.size < this.#logBytes && log.size < this.#bytesInLog()) return `${this.#path}-wal was truncated`;
    this.#logBytes = log.size;
    if (database.mtimeMs !== this.#baseline.modifiedMs && !this.#isCheckpoint(database.mtimeMs))
      return `${this.#path} was overwritten by another program`;
    return undefined;
  }

  #missing(suffix: string, found: Stats | undefined): string {
    const file = `${this.#path}${suffix}`;
    return found
      ? `${file} is not the file that this process opened: another one took its place`
      : `${file} was removed or renamed`;
  }

  /**
   * In WAL mode only checkpoints write the database file: those of this process, or another program's, which count
   * the frames that they copied. Another program's checkpoint is recognised when it ends.
   */
  #isCheckpoint(modifiedMs: number): boolean {
    if (this.#checkpointer.running) return true;
    const current = this.#baselineAt(modifiedMs);
    const isOwn = current.ownCheckpoints !== this.#baseline.ownCheckpoints;
    if (!isOwn && current.copiedFrames === this.#baseline.copiedFrames) return false;
    this.#baseline = current;
    return true;
  }

  #baselineAt(modifiedMs: number): Baseline {
    return {
      modifiedMs,
      ownCheckpoints: this.#checkpointer.attempts,
      copiedFrames: this.#writer.logFrames().copied,
    };
  }

  /** How long the log must be for the frames that SQLite knows. */
  #bytesInLog(): number {
    const { all } = this.#writer.logFrames();
    return all === 0 ? 0 : LOG_HEADER_BYTES + all * (FRAME_HEADER_BYTES + this.#pageBytes);
  }
}

function isSame(found: Stats | undefined, opened: Stats): found is Stats {
  return found !== undefined && found.ino === opened.ino && found.dev === opened.dev;
}
