import {
  AbortedTransactionError,
  type CompiledQuery,
  type ConnectionProvider,
  type DatabaseConnection,
  type QueryResult,
} from 'kysely';
import type { Pool, PoolClient, QueryConfig, QueryResult as Answer } from 'pg';
import type { PreparedQuery } from '../statement.js';
import { assertSqlParameter } from '../sql-parameter.js';
import { isConnectionLost, notCommitted, postgresFailure } from './postgres-errors.js';

const CHANGES = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

/** One connection of the pool as Kysely needs it, until it is released; it throws the store's errors. */
export class PostgresConnection implements DatabaseConnection, ConnectionProvider {
  readonly #client: PoolClient;
  #begun: Promise<unknown> | undefined;
  #lost = false;
  #released = false;

  /** @throws {StorageUnavailable} if none is available in time. */
  static async from(pool: Pool): Promise<PostgresConnection> {
    try {
      return new PostgresConnection(await pool.connect());
    } catch (error) {
      throw notCommitted(error);
    }
  }

  private constructor(client: PoolClient) {
    this.#client = client;
  }

  async provideConnection<T>(consumer: (connection: DatabaseConnection) => Promise<T>): Promise<T> {
    return consumer(this);
  }

  async executeQuery<R>(query: CompiledQuery | PreparedQuery): Promise<QueryResult<R>> {
    const { parameters } = query;
    assertSqlParameter(parameters);
    const { command, rowCount, rows } = await this.#send({
      name: 'preparedName' in query ? query.preparedName : undefined,
      text: query.sql,
      values: parameters as unknown[],
    });
    return { rows: rows as R[], numAffectedRows: CHANGES.has(command) ? BigInt(rowCount ?? 0) : undefined };
  }

  /** All rows in one chunk: no result here is large enough for a cursor. */
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }

  /** Sent together with the first query; its answer is awaited with that of the commit, as it never fails alone. */
  begin(): void {
    this.#begun = this.#send('begin');
    this.#begun.catch(() => {});
  }

  /** @throws {StorageUnavailable} with `unknown` if the connection is lost before the answer. */
  async commit(): Promise<void> {
    await this.#begun;
    const { command } = await this.#send('commit', true);
    if (command === 'ROLLBACK') {
      // A statement failed, and the work ignored its error.
      throw new AbortedTransactionError();
    }
  }

  /** Never throws: on a lost connection the server rolls back by itself, and the original error is the one to report. */
  async rollback(): Promise<void> {
    try {
      await this.#send('rollback');
    } catch {
      this.#lost = true;
    }
  }

  /** Returns it to the pool, which drops an unusable one. */
  release(): void {
    this.#released = true;
    this.#client.release(this.#lost);
  }

  async #send(query: string | QueryConfig, committing = false): Promise<Answer> {
    if (this.#released) {
      throw new Error('query on a transaction that has ended: every query must be awaited inside it');
    }
    if (this.#lost) {
      // The query would wait behind the unanswered one.
      throw notCommitted(new Error('the connection is lost'));
    }
    try {
      return await this.#client.query(query);
    } catch (error) {
      this.#lost ||= isConnectionLost(error);
      throw postgresFailure(error, committing);
    }
  }
}
