import type { CompiledQuery, ConnectionProvider, DatabaseConnection, QueryResult } from 'kysely';
import { StorageUnavailable } from '../store.js';
import type { SqliteConnection } from './sqlite.connection.js';

/**
 * The writing connection for the duration of one transaction. A later query, from a promise that was not awaited,
 * would end up in another transaction; one after SQLite abandoned the transaction would commit on its own.
 */
export class SqliteTransaction implements DatabaseConnection, ConnectionProvider {
  readonly #connection: SqliteConnection;
  #ended = false;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  end(): void {
    this.#ended = true;
  }

  async provideConnection<T>(consumer: (connection: DatabaseConnection) => Promise<T>): Promise<T> {
    return consumer(this);
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#ended) {
      throw new Error('query on a transaction that has ended: every query must be awaited inside it');
    }
    if (!this.#connection.inTransaction) {
      throw new StorageUnavailable('SQLite rolled the transaction back', 'not-committed');
    }
    return this.#connection.executeQuery<R>(query);
  }

  /** All rows in one chunk, as on the connection itself. */
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }
}
