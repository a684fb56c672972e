import { hash } from 'node:crypto';
import { readFileSync, watch, type FSWatcher } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

export interface FileWatcherOptions {
  /** How often the content is read when no event comes. Default 1000. */
  readonly pollIntervalMs?: number;
  /** How long events may follow each other before the content is read. Default 50. */
  readonly debounceMs?: number;
}

const UNREADABLE = 'unreadable';

/**
 * Calls `onChange` when the content of one of the files differs from the last read, the first being the constructor's.
 *
 * It watches the directories, not the files: when a file is replaced by a rename, its watcher stays on the old inode,
 * and a Kubernetes ConfigMap changes by a swap of the symlink `..data` beside it. A poll finds what causes no event: a
 * symlink further up, a network file system, a full inotify table. A missing file counts as changed once a poll finds
 * it missing: an event may come between a delete and a create.
 *
 * Neither watcher nor timer keeps the process alive. `onChange` must not throw.
 */
export class FileWatcher {
  #digests = new Map<string, string>();
  readonly #directories = new DirectoryWatchers(() => this.#checkSoon());
  readonly #poll: NodeJS.Timeout;
  readonly #debounceMs: number;
  #debounce: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    paths: readonly string[],
    private readonly onChange: () => void,
    { pollIntervalMs = 1_000, debounceMs = 50 }: FileWatcherOptions = {},
  ) {
    this.#debounceMs = debounceMs;
    this.setPaths(paths);
    this.#poll = setInterval(() => void this.check(), pollIntervalMs).unref();
  }

  /** Watches these files from now on. Of those that were watched before, the last content read is kept. */
  setPaths(paths: readonly string[]): void {
    this.#digests = new Map(paths.map((path) => [path, this.#digests.get(path) ?? digestNow(path)]));
    this.#directories.watchOnly(new Set(paths));
    this.#checkSoon();
  }

  /** Reads now instead of waiting for an event. Resolves after `onChange`, where there is a change, has returned. */
  check(): Promise<void> {
    return this.#enqueue('poll');
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#debounce);
    this.#directories.watchOnly(new Set());
  }

  #checkSoon(): void {
    if (this.#closed) return;
    this.#debounce ??= setTimeout(() => void this.#enqueue('event'), this.#debounceMs).unref();
  }

  /** One read at a time: of two that overlap, the older content could be reported last. */
  #enqueue(reason: 'event' | 'poll'): Promise<void> {
    clearTimeout(this.#debounce);
    this.#debounce = undefined;
    this.#running = this.#running.then(() => this.#read(reason));
    return this.#running;
  }

  async #read(reason: 'event' | 'poll'): Promise<void> {
    const known = this.#digests;
    const found = new Map(known);
    for (const [path, before] of known) {
      const now = await readFile(path).then(digest, () => UNREADABLE);
      if (now !== before && (now !== UNREADABLE || reason === 'poll')) found.set(path, now);
    }
    const paths = [...known.keys()];
    const targets = await Promise.all(paths.map((path) => realpath(path).catch(() => path)));
    // `setPaths` was called meanwhile and has scheduled a read of its own.
    if (this.#closed || known !== this.#digests) return;
    this.#digests = found;
    this.#directories.watchOnly(new Set([...paths, ...targets]));
    if (paths.some((path) => found.get(path) !== known.get(path))) this.onChange();
  }
}

/** One `fs.watch` for each directory. One that fails is removed and tried again with the next read. */
class DirectoryWatchers {
  readonly #watchers = new Map<string, FSWatcher>();
  #names: ReadonlySet<string> = new Set();

  constructor(private readonly onEvent: () => void) {}

  /** Watches the directories of these files. Writes to other files in them, such as a log, are ignored. */
  watchOnly(paths: ReadonlySet<string>): void {
    const directories = new Set([...paths].map((path) => dirname(path)));
    this.#names = new Set([...paths].map((path) => basename(path)));
    for (const directory of this.#watchers.keys()) {
      if (!directories.has(directory)) this.#remove(directory);
    }
    for (const directory of directories) {
      if (!this.#watchers.has(directory)) this.#add(directory);
    }
  }

  #add(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, (event, name) => {
        if (event === 'rename' || name === null || this.#names.has(name)) this.onEvent();
      });
      watcher.on('error', () => this.#remove(directory));
      this.#watchers.set(directory, watcher);
    } catch {
      // The directory does not exist, or the inotify table is full: the poll finds the change.
    }
  }

  #remove(directory: string): void {
    this.#watchers.get(directory)?.close();
    this.#watchers.delete(directory);
  }
}

function digestNow(path: string): string {
  try {
    return digest(readFileSync(path));
  } catch {
    return UNREADABLE;
  }
}

function digest(content: Buffer): string {
  return hash('sha256', content, 'base64');
}
