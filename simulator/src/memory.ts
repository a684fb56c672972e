import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Where a map keeps its entries across restarts, in their order. */
export interface Shelf<Value> {
  load(): Iterable<readonly [string, Value]>;
  put(key: string, value: Value): void;
  remove(key: string): void;
}

/** What the simulator remembers across restarts. Without a file it remembers nothing. */
export interface Memory {
  shelf<Value>(kind: string): Shelf<Value>;
  /** Writes all changes since the last commit. The simulator commits before it answers. */
  commit(): void;
  close(): void;
}

/** A memory for the life of the process: its maps alone. */
export const NO_MEMORY: Memory = {
  shelf: () => ({ load: () => [], put: () => undefined, remove: () => undefined }),
  commit: () => undefined,
  close: () => undefined,
};

/** The `user_version` of the file. Raise it when a stored record changes its shape. */
const FORMAT = 1;

interface Change {
  readonly kind: string;
  readonly id: string;
  /** Undefined: removed. */
  readonly value: unknown;
}

/**
 * A memory in one SQLite file, for its owner alone (0600). Changes are written in one transaction for each call, so
 * that a killed process finds a call with its idempotency key, or neither.
 * @throws Error where another process has the file open, or it is not a memory of this version
 */
export function openMemory(path: string): Memory {
  closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path);
  const changes = new Map<string, Change>();
  try {
    prepare(database);
  } catch (error) {
    database.close();
    throw new Error(`cannot use the memory ${path}: ${(error as Error).message}`, { cause: error });
  }
  const select = database.prepare('select id, value from records where kind = ? order by rowid');
  const remove = database.prepare('delete from records where kind = ? and id = ?');
  const put = database.prepare(
    'insert into records (kind, id, value) values (?, ?, ?) on conflict (kind, id) do update set value = excluded.value',
  );
  const note = (kind: string, id: string, value: unknown): void =>
    void changes.set(`${kind} ${id}`, { kind, id, value });
  const commit = (): void => {
    if (changes.size === 0) return;
    database.exec('begin');
    for (const { kind, id, value } of changes.values()) {
      if (value === undefined) remove.run(kind, id);
      else put.run(kind, id, JSON.stringify(value));
    }
    database.exec('commit');
    changes.clear();
  };
  return {
    shelf: <Value>(kind: string): Shelf<Value> => ({
      load: () =>
        select.all(kind).map(({ id, value }) => [String(id), JSON.parse(String(value)) as Value] as const),
      put: (id, value) => note(kind, id, value),
      remove: (id) => note(kind, id, undefined),
    }),
    commit,
    close: () => {
      commit();
      database.close();
    },
  };
}

/** Exclusive: two simulators with one memory would each execute what the other has executed. */
function prepare(database: DatabaseSync): void {
  database.exec('pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = normal');
  const { user_version: format } = database.prepare('pragma user_version').get() as { user_version: number };
  if (format !== 0 && format !== FORMAT)
    throw new Error(`it has format ${format}, and this version reads ${FORMAT}; delete it to start anew`);
  database.exec(
    `create table if not exists records (kind text not null, id text not null, value text not null, unique (kind, id));
     pragma user_version = ${FORMAT}`,
  );
}
