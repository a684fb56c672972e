import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import { assertSqlParameter } from '../sql-parameter.js';
import { sqliteFailure } from './sqlite-errors.js';

/** More than the program has queries; lists of varying length (`in (?, ?, …)`) evict the least recently used. */
const CACHED_STATEMENTS = 600;

/** The value of SQLite's `pragma auto_vacuum`. */
const INCREMENTAL = 2;

interface PreparedStatement {
  readonly statement: StatementSync;
  /** Returns rows: SELECT, WITH and every RETURNING. */
  readonly reader: boolean;
}

/**
 * One `node:sqlite` connection as Kysely needs it. A statement runs to its end inside the call, so nothing
 * interleaves and the promise costs a microtask. Rows keep their null prototype: modules map them, and a copy would
 * cost as much as the query.
 */
export class SqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  #recent = new Map<string, PreparedStatement>();
  #older = new Map<string, PreparedStatement>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * False after SQLite rolled back the transaction itself, as it may on a full disk
   * (https://sqlite.org/lang_transaction.html §2).
   */
  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { parameters } = query;
    assertSqlParameter(parameters);
    try {
      const { statement, reader } = this.#prepare(query.sql);
      if (reader) {
        return { rows: statement.all(...parameters) as R[] };
      }
      return { rows: [], numAffectedRows: BigInt(statement.run(...parameters).changes) };
    } catch (error) {
      throw sqliteFailure(error);
    }
  }

  /** Runs a statement without parameters and returns its first row. */
  run(sql: string): Record<string, unknown> | undefined {
    return this.#prepare(sql).statement.get();
  }

  /** How many frames of the write-ahead log a checkpoint would copy. */
  framesToCopy(): number {
    const { all, copied } = this.logFrames();
    return all - copied;
  }

  /**
   * How many frames the write-ahead log has, and how many of them checkpoints have copied. Copies none itself, except
   * before SQLite 3.51.
   */
  logFrames(): { readonly all: number; readonly copied: number } {
    const { log, checkpointed } = this.run('pragma wal_checkpoint(noop)') as {
      log: number;
      checkpointed: number;
    };
    return { all: log, copied: checkpointed };
  }

  /** The pages of the database, and those that it does not use. */
  pages(): { readonly all: number; readonly free: number; readonly pageBytes: number } {
    return this.run(
      'select page_count as "all", freelist_count as free, page_size as "pageBytes" from pragma_page_count, pragma_freelist_count, pragma_page_size',
    ) as { all: number; free: number; pageBytes: number };
  }

  /**
   * Moves pages from the end of the file to unused ones, at most `pages`, so that the next checkpoint can shorten it.
   * Returns how many more there are beyond the share `keptFree` of the file; 0 where the file was created without
   * `auto_vacuum`.
   */
  giveBack(pages: number, keptFree: number): number {
    if (this.run('pragma auto_vacuum')!['auto_vacuum'] !== INCREMENTAL) return 0;
    const { all, free } = this.pages();
    const spare = free - Math.ceil(all * keptFree);
    if (spare <= 0) return 0;
    const given = Math.min(pages, spare);
    // Each step frees a page.
    this.#database.exec(`pragma incremental_vacuum(${given})`);
    return spare - given;
  }

  /** All rows in one chunk: a cursor would stay open across turns, with a snapshot that blocks checkpoints. */
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }

  close(): void {
    this.#recent.clear();
    this.#older.clear();
    this.#database.close();
  }

  /**
   * The statement of `sql`, prepared once while in use. Half of the cache is dropped at a time, so that a hit moves
   * nothing.
   */
  #prepare(sql: string): PreparedStatement {
    const recent = this.#recent.get(sql);
    if (recent) {
      return recent;
    }
    const prepared = this.#older.get(sql) ?? this.#compile(sql);
    if (this.#recent.size >= CACHED_STATEMENTS / 2) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(sql, prepared);
    return prepared;
  }

  #compile(sql: string): PreparedStatement {
    const statement = this.#database.prepare(sql);
    return { statement, reader: statement.columns().length > 0 };
  }
}
