import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { SqliteConnection } from './sqlite.connection.js';

/** 16 MiB of log, of which most pages are written several times: the more go into one checkpoint, the fewer are copied in all. */
const FRAMES_PER_CHECKPOINT = 8_000;
/** 32 MiB of log: time to let it begin anew. */
const FRAMES_LIMIT = 16_000;
/** How often it is looked whether a checkpoint is due. */
const COMMITS_PER_LOOK = 16;
const BUSY_TIMEOUT_MS = 1_000;

/**
 * Keeps the write-ahead log short from a thread of its own. A checkpoint writes a thousand scattered pages and waits for two
 * fsyncs: 8 to 30 ms, measured, in which an event loop that did it answered nobody. The thread starts with the first
 * checkpoint that is due, so that short runs never have it.
 */
export class Checkpointer {
  readonly #path: string;
  readonly #writer: Pick<SqliteConnection, 'framesToCopy'>;
  #worker: Worker | undefined;
  #commits = 0;
  #running: Promise<void> | undefined;
  #restart: Promise<unknown> | undefined;

  /** For the database at `path`, to which `writer` commits. */
  constructor(path: string, writer: Pick<SqliteConnection, 'framesToCopy'>) {
    this.#path = path;
    this.#writer = writer;
  }

  /**
   * What the next commit has to wait for, mostly nothing. SQLite begins the log anew only when a commit finds all of it copied,
   * which under steady load never comes about by itself: then commits, not the event loop, pause for the last few frames.
   */
  get restart(): Promise<unknown> | undefined {
    return this.#restart;
  }

  committed(): void {
    this.#commits++;
    if (this.#running || this.#commits < COMMITS_PER_LOOK) return;
    this.#commits = 0;
    if (this.#isDue()) this.#running = this.#run();
  }

  /** What was committed is answered for already: where SQLite cannot tell, the next commit meets the same disk, and does. */
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
      // Leaves only what is written while this one runs: the pause is for that.
      await this.#checkpoint();
      this.#restart = this.#checkpoint();
      await this.#restart;
      this.#restart = undefined;
    }
    this.#running = undefined;
  }

  /** Answers how many frames the log had, 0 when that cannot be said: SQLite's own checkpoint is the backstop. */
  async #checkpoint(): Promise<number> {
    try {
      this.#worker ??= this.#start();
      // Commits may wait for this and for nothing else; otherwise the thread keeps no process alive.
      this.#worker.ref();
      return await this.#ask(this.#worker);
    } catch {
      this.#worker = undefined;
      return 0;
    } finally {
      this.#worker?.unref();
    }
  }

  async #ask(worker: Worker): Promise<number> {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage('checkpoint');
    // Rejects where the thread fails instead.
    const [frames] = (await once(worker, 'message')) as [number];
    return frames;
  }

  /** A thread that cannot start or dies is tried again when the next checkpoint is due. */
  #start(): Worker {
    const file = fileURLToPath(new URL(`./checkpoint.worker${extname(import.meta.url)}`, import.meta.url));
    return new Worker(file, {
      workerData: { path: this.#path, busyTimeoutMs: BUSY_TIMEOUT_MS },
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
  }
}
