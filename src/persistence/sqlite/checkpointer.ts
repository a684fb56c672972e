import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { SqliteConnection } from './sqlite.connection.js';

/**
 * 16 MiB of log, of which most pages are written several times: the more go into one checkpoint, the fewer are copied
 * in all.
 */
const FRAMES_PER_CHECKPOINT = 8_000;
/** 32 MiB of log: commits pause so that it can restart. */
const FRAMES_LIMIT = 16_000;
/** How often the length of the log is checked. */
const COMMITS_PER_CHECK = 16;
const BUSY_TIMEOUT_MS = 1_000;
/** After a checkpoint that failed: each attempt copies the log up to the page that fails. */
const RETRY_PAUSE_MS = 1_000;

/** Called when a checkpoint fails, with the error of SQLite or of the thread, and at the first that succeeds again. */
export interface CheckpointListener {
  readonly failed: (error: Error) => void;
  readonly recovered: () => void;
}

type CheckpointResult = { readonly frames: number } | { readonly message: string; readonly errcode: unknown };

/**
 * Keeps the write-ahead log short from a thread of its own. A checkpoint writes a thousand scattered pages and waits
 * for two fsyncs: 8 to 30 ms, measured, which would block the event loop. The thread starts with the first checkpoint
 * that is due, so that short runs never have it.
 */
export class Checkpointer {
  readonly #path: string;
  readonly #writer: Pick<SqliteConnection, 'framesToCopy'>;
  readonly #listener: CheckpointListener | undefined;
  readonly #retryPauseMs: number;
  #failing = false;
  #failures = 0;
  #attempts = 0;
  #retryAt = 0;
  #worker: Worker | undefined;
  #commits = 0;
  #running: Promise<void> | undefined;
  #restart: Promise<unknown> | undefined;

  /** `writer` commits to the database at `path`. */
  constructor(
    path: string,
    writer: Pick<SqliteConnection, 'framesToCopy'>,
    listener?: CheckpointListener,
    retryPauseMs = RETRY_PAUSE_MS,
  ) {
    this.#path = path;
    this.#writer = writer;
    this.#listener = listener;
    this.#retryPauseMs = retryPauseMs;
  }

  /** How many checkpoints have failed. */
  get failures(): number {
    return this.#failures;
  }

  /** How many checkpoints have ended, those that failed included. */
  get attempts(): number {
    return this.#attempts;
  }

  get running(): boolean {
    return this.#running !== undefined;
  }

  /**
   * What the next commit must wait for, mostly nothing. SQLite restarts the log only when a commit finds all of it
   * copied, which never happens under steady load: then commits, not the event loop, pause for the last few frames.
   */
  get restart(): Promise<unknown> | undefined {
    return this.#restart;
  }

  committed(): void {
    this.#commits++;
    if (this.#running || this.#commits < COMMITS_PER_CHECK) return;
    this.#commits = 0;
    if (performance.now() >= this.#retryAt && this.#isDue()) this.#running = this.#run();
  }

  /** Makes a checkpoint, due or not: for a log that is too long while no commit arrives. */
  async shorten(): Promise<void> {
    await (this.#running ??= this.#run());
  }

  /** Ignores errors: the commit is durable already, and the next commit meets the same disk and reports them. */
  #isDue(): boolean {
    try {
      return this.#writer.framesToCopy() >= FRAMES_PER_CHECKPOINT;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  async #run(): Promise<void> {
    const frames = await this.#checkpoint();
    if (frames > FRAMES_LIMIT) {
      // Only frames written during this checkpoint remain: the pause is for those.
      await this.#checkpoint();
      this.#restart = this.#checkpoint();
      await this.#restart;
      this.#restart = undefined;
    }
    this.#running = undefined;
  }

  /** Returns how many frames the log had, 0 if unknown. */
  async #checkpoint(): Promise<number> {
    try {
      this.#worker ??= this.#start();
      // The thread keeps the process alive only while commits may wait for it.
      this.#worker.ref();
      const result = await this.#request(this.#worker);
      if ('frames' in result) {
        this.#succeed();
        return result.frames;
      }
      this.#fail(Object.assign(new Error(result.message), { errcode: result.errcode }));
    } catch (error) {
      this.#worker = undefined;
      this.#fail(error as Error);
    } finally {
      this.#worker?.unref();
    }
    return 0;
  }

  #succeed(): void {
    this.#attempts += 1;
    if (this.#failing) this.#listener?.recovered();
    this.#failing = false;
  }

  #fail(error: Error): void {
    this.#attempts += 1;
    this.#failures += 1;
    this.#failing = true;
    this.#retryAt = performance.now() + this.#retryPauseMs;
    this.#listener?.failed(error);
  }

  async #request(worker: Worker): Promise<CheckpointResult> {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage('checkpoint');
    // Rejects if the thread fails instead.
    const [result] = (await once(worker, 'message')) as [CheckpointResult];
    return result;
  }

  /** A thread that cannot start or dies is started again when the next checkpoint is due. */
  #start(): Worker {
    const file = fileURLToPath(new URL(`./checkpoint.worker${extname(import.meta.url)}`, import.meta.url));
    return new Worker(file, {
      workerData: { path: this.#path, busyTimeoutMs: BUSY_TIMEOUT_MS },
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
  }
}
