import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileWatcher, type FileWatcherOptions } from './file-watcher.js';

const DEADLINE_MS = 5_000;
/** So rare that a change is reported because of an event. */
const BY_EVENT: FileWatcherOptions = { pollIntervalMs: 3_600_000, debounceMs: 5 };
/** The read after an event is so late that a change is reported because of the poll. */
const BY_POLL: FileWatcherOptions = { pollIntervalMs: 10, debounceMs: 3_600_000 };

let folder: string;
let file: string;
let watcher: FileWatcher | undefined;
let changes: number;
const bell = new EventEmitter();

beforeEach(() => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), 'tollgate-watch-'));
  file = join(folder, 'externals.json');
  changes = 0;
});

afterEach(() => {
  watcher?.close();
  rmSync(folder, { recursive: true });
});

function onChange(): void {
  changes += 1;
  bell.emit('change');
}

/** Changes something and waits until it is reported. */
async function reported(change: () => void): Promise<void> {
  const change$ = once(bell, 'change', { signal: AbortSignal.timeout(DEADLINE_MS) });
  change();
  await change$;
}

/** As the kubelet lays out a ConfigMap: `externals.json → ..data/externals.json`, `..data → ..<generation>`. */
function mountConfigMap(content: string): void {
  writeGeneration('..1', content);
  symlinkSync('..1', join(folder, '..data'));
  symlinkSync(join('..data', 'externals.json'), file);
}

function writeGeneration(name: string, content: string): void {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'externals.json'), content);
}

/** As the kubelet updates it: a new generation, `..data` swapped by a rename, the old generation removed. */
function updateConfigMap(from: string, to: string, content: string): void {
  writeGeneration(to, content);
  symlinkSync(to, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  rmSync(join(folder, from), { recursive: true });
}

describe.each([
  ['an event', BY_EVENT],
  ['the poll', BY_POLL],
])('by %s, a file watcher reports', (_name, options) => {
  it('a plain rewrite', async () => {
    writeFileSync(file, 'one');
    watcher = new FileWatcher([file], onChange, options);
    await watcher.check();
    await reported(() => writeFileSync(file, 'two'));
    await reported(() => writeFileSync(file, 'six'));
  });

  it('a file renamed over it, again and again', async () => {
    writeFileSync(file, 'one');
    watcher = new FileWatcher([file], onChange, options);
    await watcher.check();
    for (const content of ['two', 'three', 'four']) {
      writeFileSync(`${file}.tmp`, content);
      await reported(() => renameSync(`${file}.tmp`, file));
    }
  });

  it('the swap of a Kubernetes ConfigMap, again and again', async () => {
    mountConfigMap('one');
    watcher = new FileWatcher([file], onChange, options);
    await watcher.check();
    await reported(() => updateConfigMap('..1', '..2', 'two'));
    await reported(() => updateConfigMap('..2', '..3', 'three'));
  });

  it('a rewrite behind a symlink', async () => {
    mkdirSync(join(folder, 'elsewhere'));
    const target = join(folder, 'elsewhere', 'real.json');
    writeFileSync(target, 'one');
    symlinkSync(target, file);
    watcher = new FileWatcher([file], onChange, options);
    await watcher.check();
    await reported(() => writeFileSync(target, 'two'));
  });

  it('a file that comes to be', async () => {
    watcher = new FileWatcher([file], onChange, options);
    await watcher.check();
    await reported(() => writeFileSync(file, 'one'));
  });
});

describe('a file watcher', () => {
  it('reports the swap of a symlink further up, by the poll', async () => {
    for (const release of ['blue', 'green']) {
      mkdirSync(join(folder, release));
      writeFileSync(join(folder, release, 'externals.json'), release);
    }
    symlinkSync('blue', join(folder, 'current'));
    watcher = new FileWatcher([join(folder, 'current', 'externals.json')], onChange, {
      ...BY_EVENT,
      pollIntervalMs: 10,
    });
    await reported(() => {
      symlinkSync('green', join(folder, 'next'));
      renameSync(join(folder, 'next'), join(folder, 'current'));
    });
  });

  it('reports a file in a folder that comes to be, by the poll', async () => {
    const later = join(folder, 'later');
    watcher = new FileWatcher([join(later, 'x.json')], onChange, { ...BY_EVENT, pollIntervalMs: 10 });
    await reported(() => {
      mkdirSync(later);
      writeFileSync(join(later, 'x.json'), 'one');
    });
  });

  it('does not report what leaves the content as it is', async () => {
    writeFileSync(file, 'one');
    watcher = new FileWatcher([file], onChange, BY_EVENT);
    utimesSync(file, 1, 1);
    await watcher.check();
    writeFileSync(`${file}.tmp`, 'one');
    renameSync(`${file}.tmp`, file);
    await watcher.check();
    writeFileSync(join(folder, 'neighbour'), 'two');
    await watcher.check();
    expect(changes).toBe(0);
  });

  it('reports simultaneous changes once', async () => {
    writeFileSync(file, 'one');
    watcher = new FileWatcher([file], onChange, BY_EVENT);
    writeFileSync(file, 'two');
    writeFileSync(file, 'three');
    await Promise.all([watcher.check(), watcher.check()]);
    expect(changes).toBe(1);
  });

  it('reports a file that is gone, and the same one that is back', async () => {
    writeFileSync(file, 'one');
    watcher = new FileWatcher([file], onChange, BY_EVENT);
    rmSync(file);
    await watcher.check();
    expect(changes).toBe(1);
    await reported(() => writeFileSync(file, 'one'));
  });

  it('watches several, and others later', async () => {
    const [first, second, third] = ['a', 'b', 'c'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const path of [first, second, third]) writeFileSync(path, 'one');
    watcher = new FileWatcher([first, second], onChange, BY_EVENT);
    await reported(() => writeFileSync(second, 'two'));
    watcher.setPaths([second, third]);
    writeFileSync(first, 'three');
    await watcher.check();
    expect(changes).toBe(1);
    await reported(() => writeFileSync(third, 'two'));
  });

  it('is silent once closed', async () => {
    writeFileSync(file, 'one');
    watcher = new FileWatcher([file], onChange, BY_EVENT);
    writeFileSync(file, 'two');
    watcher.close();
    await watcher.check();
    expect(changes).toBe(0);
  });

  it('keeps no process alive', () => {
    writeFileSync(file, 'one');
    const before = process.getActiveResourcesInfo().filter((name) => /Timeout|FSEvent/.test(name));
    watcher = new FileWatcher([file], onChange);
    expect(process.getActiveResourcesInfo().filter((name) => /Timeout|FSEvent/.test(name))).toEqual(before);
  });
});
