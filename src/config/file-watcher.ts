import { createHash } from 'node:crypto';
import { readFileSync, watch, type FSWatcher } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

export interface FileWatcher {
  /** Looks now instead of waiting for an event. Resolves after `onChange`, where there was a change, has returned. */
  check(): Promise<void>;
  /** Watches these files from now on; what is known of those that stay is kept. */
  setPaths(paths: readonly string[]): void;
  close(): void;
}

export interface FileWatcherOptions {
  /** How often the content is looked at when no event comes. Default 1000. */
  readonly pollIntervalMs?: number;
  /** How long events may follow each other before the content is looked at. Default 50. */
  readonly debounceMs?: number;
}

const UNREADABLE = 'unreadable';

/** {@link watchFiles} for one file. */
export function watchFile(path: string, onChange: () => void, options?: FileWatcherOptions): FileWatcher {
  return watchFiles([path], onChange, options);
}

/**
 * Calls `onChange` when the content of one of the files is another than at the last look, the first being this call.
 *
 * The directories are watched, not the files: a file that is replaced by a rename leaves a watcher on the old inode, and
 * a Kubernetes ConfigMap changes by a swap of the symlink `..data` beside it. What no event tells (a symlink further up,
 * a network file system, a full inotify table) a poll finds. A file that is gone counts as changed once a poll
 * finds it gone: between a delete and a create it is only on its way.
 *
 * Neither watcher nor timer keeps the process alive. `onChange` must not throw.
 */
export function watchFiles(
  paths: readonly string[],
  onChange: () => void,
  options: FileWatcherOptions = {},
): FileWatcher {
  return new PollingFileWatcher(paths, onChange, options);
}

class PollingFileWatcher implements FileWatcher {
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
    { pollIntervalMs = 1_000, debounceMs = 50 }: FileWatcherOptions,
  ) {
    this.#debounceMs = debounceMs;
    this.setPaths(paths);
    this.#poll = setInterval(() => void this.check(), pollIntervalMs).unref();
  }

  setPaths(paths: readonly string[]): void {
    this.#digests = new Map(paths.map((path) => [path, this.#digests.get(path) ?? digestNow(path)]));
    this.#directories.watchOnly(new Set(paths));
    this.#checkSoon();
  }

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

  /** One look at a time: two that overlap could tell an older content after a newer one. */
  #enqueue(reason: 'event' | 'poll'): Promise<void> {
    clearTimeout(this.#debounce);
    this.#debounce = undefined;
    this.#running = this.#running.then(() => this.#look(reason));
    return this.#running;
  }

  async #look(reason: 'event' | 'poll'): Promise<void> {
    const known = this.#digests;
    const found = new Map(known);
    for (const [path, before] of known) {
      const now = await digestOf(path);
      if (now !== before && (now !== UNREADABLE || reason === 'poll')) found.set(path, now);
    }
    const places = await placesOf([...known.keys()]);
    // Other paths were set meanwhile: they have a look of their own coming.
    if (this.#closed || known !== this.#digests) return;
    this.#digests = found;
    this.#directories.watchOnly(places);
    if ([...found].some(([path, now]) => now !== known.get(path))) this.onChange();
  }
}

/** One `fs.watch` a directory; those that fail are forgotten and tried again with the next look. */
class DirectoryWatchers {
  readonly #watchers = new Map<string, FSWatcher>();
  #names: ReadonlySet<string> = new Set();

  constructor(private readonly onEvent: () => void) {}

  /** The directories of these files. What is written into others beside them, such as a log, is no event. */
  watchOnly(paths: ReadonlySet<string>): void {
    const directories = new Set([...paths].map((path) => dirname(path)));
    this.#names = new Set([...paths].map((path) => basename(path)));
    for (const directory of this.#watchers.keys()) {
      if (!directories.has(directory)) this.#forget(directory);
    }
    for (const directory of directories) {
      if (!this.#watchers.has(directory)) this.#watch(directory);
    }
  }

  #watch(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, (event, name) => {
        if (event === 'rename' || name === null || this.#names.has(name)) this.onEvent();
      });
      watcher.on('error', () => this.#forget(directory));
      this.#watchers.set(directory, watcher);
    } catch {
      // Not there, or no inotify watch to be had: the poll sees what happens in it.
    }
  }

  #forget(directory: string): void {
    this.#watchers.get(directory)?.close();
    this.#watchers.delete(directory);
  }
}

/** Where a path is, and where its symlinks lead. */
async function placesOf(paths: readonly string[]): Promise<Set<string>> {
  const targets = await Promise.all(paths.map((path) => realpath(path).catch(() => path)));
  return new Set([...paths, ...targets]);
}

function digestNow(path: string): string {
  try {
    return digest(readFileSync(path));
  } catch {
    return UNREADABLE;
  }
}

async function digestOf(path: string): Promise<string> {
  try {
    return digest(await readFile(path));
  } catch {
    return UNREADABLE;
  }
}

function digest(content: Buffer): string {
  return createHash('sha256').update(content).digest('base64');
}
