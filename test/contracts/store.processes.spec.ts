import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openStore } from '../../src/persistence/open-store.js';
import { DatabaseInUse } from '../../src/persistence/sqlite/sqlite-file.js';
import type { Store } from '../../src/persistence/store.js';
import { type DatabasePlace, sqliteFile } from '../support/databases.js';
import { until } from '../support/until.js';

const SUPPORT = dirname(fileURLToPath(new URL('../support/x', import.meta.url)));

/** A process that commits to `path` until it is killed, and the lines that it prints. */
class Writer {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;

  constructor(path: string) {
    const hooks = `${SUPPORT}/typescript-hooks.js`;
    const args = [
      '--disable-warning=ExperimentalWarning',
      '--import',
      hooks,
      `${SUPPORT}/durable-writer.ts`,
      path,
    ];
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.lines.push(line));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async printed(count: number): Promise<void> {
    await until(() => this.lines.length >= count, `${count} lines of the writer`);
  }

  /** Its exit code, once it has exited on its own. */
  async ended(): Promise<unknown> {
    return (await once(this.#child, 'close'))[0];
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended();
  }
}

async function keysIn(store: Store): Promise<string[]> {
  const rows = await store.read((db) => db.selectFrom('settings').select('key').execute());
  return rows.map((row) => row.key);
}

describe('A SQLite file and its processes', () => {
  let place: DatabasePlace;
  let path: string;

  beforeEach(async () => {
    place = await sqliteFile();
    path = place.config.kind === 'sqlite' ? place.config.path : '';
  });

  afterEach(() => place.dispose());

  it('loses no answered transaction when the process is killed', async () => {
    for (const enough of [50, 400]) {
      const writer = new Writer(path);
      await writer.printed(enough);
      await writer.kill();
      // Only the last line may be incomplete.
      const answered = writer.lines.filter((line) => /^\d+\.\d+$/.test(line));
      expect(answered.length).toBeGreaterThanOrEqual(enough - 2);

      const store = await openStore(place.config);
      const kept = new Set(await keysIn(store));
      expect(answered.filter((key) => !kept.has(key))).toEqual([]);
      await store.transaction((trx) => trx.deleteFrom('settings').execute()); // the next writer counts from the start
      await store.close();
    }
  });

  it('belongs to one process at a time; a second one fails at its start', async () => {
    const writer = new Writer(path);
    await writer.printed(1);
    try {
      const opening = openStore(place.config);
      await expect(opening).rejects.toThrow(DatabaseInUse);
      await expect(opening).rejects.toThrow(
        `another Tollgate process (pid ${writer.pid}) uses ${path}; SQLite serves one process: use PostgreSQL for replicas`,
      );
    } finally {
      await writer.kill();
    }
    const store = await openStore(place.config);
    await store.close();
  });

  it('is refused to a second store in the same process, and the first keeps its lock', async () => {
    const store = await openStore(place.config);
    await expect(openStore(place.config)).rejects.toThrow(DatabaseInUse);
    // Closing any descriptor of a file drops this process's POSIX locks on it: SQLite must be the only one that opens it.
    expect(await new Writer(path).ended()).toBe(1);
    await store.close();
    await (await openStore(place.config)).close();
  });

  it('is readable only for its owner', async () => {
    const store = await openStore(place.config);
    await store.transaction((trx) => trx.insertInto('settings').values({ key: 'a', value: '' }).execute());
    const modes = [dirname(path), path, `${path}-wal`, `${path}-shm`, `${path}.lock`].map((file) =>
      (statSync(file).mode & 0o777).toString(8),
    );
    expect(modes).toEqual(['700', '600', '600', '600', '600']);
    await store.close();
  });
});
