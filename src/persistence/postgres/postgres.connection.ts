import { setTimeout as sleep } from 'node:timers/promises';
import {
  AbortedTransactionError,
  type CompiledQuery,
  type ConnectionProvider,
  type DatabaseConnection,
  type QueryResult,
} from 'kysely';
import type { Pool, PoolClient, QueryConfig, QueryResult as Answer } from 'pg';
import type { PreparedQuery } from '../prepared-query.js';
import { assertSqlParameter } from '../sql-parameter.js';
import { cut } from './postgres.client.js';
import type { PostgresHosts } from './postgres.hosts.js';
import {
  isConnectionLost,
  isDurabilityWarning,
  isReadOnly,
  isSessionSuspect,
  isTooManyConnections,
  notCommitted,
  postgresFailure,
  unreplicated,
} from './postgres-errors.js';
import { type SessionWatch, STALL_MS } from './session-watch.js';

/** The client's own limit, for a server that does not answer at all: 12 s. */
const STALLS_LIMIT = 6;
/** Behind a pooler nothing shows whether the session exists: 60 s. */
const POOLED_STALLS_LIMIT = 30;
/** While the server has no session left, a request waits for one. */
const REFUSED_PAUSE_MS = 50;
const REFUSED_LIMIT_MS = 3_000;

/** What a connection needs to know about its store. */
export interface ConnectionContext {
  readonly begin: string;
  readonly batchBegin: string;
  readonly keptPlansBegin: string;
  readonly pooled: boolean;
  /** Whether the server keeps statements by name. */
  readonly named: boolean;
  readonly hosts: PostgresHosts;
  readonly watch: SessionWatch;
}

const CHANGES = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

/** One connection of the pool as Kysely needs it, until it is released; it throws the store's errors. */
export class PostgresConnection implements DatabaseConnection, ConnectionProvider {
  readonly #client: PoolClient;
  readonly #context: ConnectionContext;
  #begun: Promise<unknown> | undefined;
  #lost = false;
  #replaceable = false;
  #released = false;
  /** Queries that were sent and have neither an answer nor an error. */
  #unanswered = 0;

  /** @throws {StorageUnavailable} if none is available in time. */
  static async from(pool: Pool, context: ConnectionContext): Promise<PostgresConnection> {
    const { hosts, watch } = context;
    const deadline = performance.now() + REFUSED_LIMIT_MS;
    let searched = false;
    for (;;) {
      try {
        if (!hosts.found) {
          searched = true;
          await hosts.find();
        }
        const client = await pool.connect();
        if (!watch.isRetired(client)) return new PostgresConnection(client, context);
        watch.end(client);
        client.release(true);
        continue;
      } catch (error) {
        const late = performance.now() > deadline;
        // The host failed: another may have taken its place.
        if (!hosts.found && !searched && !late) continue;
        if (!isTooManyConnections(error) || late) throw notCommitted(error);
      }
      await sleep(REFUSED_PAUSE_MS);
    }
  }

  private constructor(client: PoolClient, context: ConnectionContext) {
    this.#client = client;
    this.#context = context;
  }

  /** The session ended, or was useless, before a commit was sent: the work may run again on another one. */
  get replaceable(): boolean {
    return this.#replaceable;
  }

  async provideConnection<T>(consumer: (connection: DatabaseConnection) => Promise<T>): Promise<T> {
    return consumer(this);
  }

  async executeQuery<R>(query: CompiledQuery | PreparedQuery): Promise<QueryResult<R>> {
    assertSqlParameter(query.parameters);
    const { command, rowCount, rows } = await this.#send(this.#configOf(query));
    return { rows: rows as R[], numAffectedRows: CHANGES.has(command) ? BigInt(rowCount ?? 0) : undefined };
  }

  /** All rows in one chunk: no result here is large enough for a cursor. */
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }

  /** Sent together with the first query; its answer is awaited with that of the commit, as it never fails alone. */
  begin(text: string): void {
    this.#begun = this.#send(text);
    this.#begun.catch(() => {});
  }

  /**
   * @throws {StorageUnavailable} with `unknown` if the connection is lost before the answer, or if the server warns
   *   that the commit is not replicated: a failover would lose it.
   */
  async commit(): Promise<void> {
    await this.#begun;
    await this.#commit();
  }

  /**
   * A transaction in one write, from its begin to its commit. Returns the rows of each query.
   * @throws the first error, of which the server has rolled everything back; {@link StorageUnavailable} with `unknown` if
   *   the connection is lost before the answer.
   */
  async batch<R>(queries: readonly PreparedQuery[]): Promise<R[][]> {
    const begun = this.#send(this.#context.batchBegin, true);
    const answers = queries.map((query) => this.#send(this.#configOf(query), true));
    const ends = await Promise.allSettled([begun, ...answers, this.#commit()]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    return Promise.all(answers.map(async (answer) => (await answer).rows as R[]));
  }

  async #commit(): Promise<void> {
    let warning: string | undefined;
    const onNotice = (notice: { code?: string | undefined; message?: string | undefined }): void => {
      if (isDurabilityWarning(notice)) warning = notice.message;
    };
    this.#client.on('notice', onNotice);
    try {
      const { command } = await this.#send('commit', true);
      if (command === 'ROLLBACK') {
        // A statement failed, and the work ignored its error.
        throw new AbortedTransactionError();
      }
    } finally {
      this.#client.off('notice', onNotice);
    }
    if (warning !== undefined) throw unreplicated(warning);
  }

  /** Never throws: on a lost connection the server rolls back by itself, and the original error is the one to report. */
  async rollback(): Promise<void> {
    try {
      await this.#send('rollback');
    } catch {
      this.#lost = true;
    }
  }

  /**
   * Returns it to the pool, which drops an unusable one. One whose query has no answer keeps its place until the
   * answer or the end of the session: the server has that session still, and a new one would be one more.
   */
  release(): void {
    this.#released = true;
    if (!this.#lost || this.#unanswered === 0) this.#client.release(this.#lost);
  }

  #configOf(query: CompiledQuery | PreparedQuery): QueryConfig {
    return {
      name: this.#context.named && 'preparedName' in query ? query.preparedName : undefined,
      text: query.sql,
      values: query.parameters as unknown[],
    };
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
      return await this.#answer(query);
    } catch (error) {
      this.#assess(error, committing);
      throw postgresFailure(error, committing);
    }
  }

  /** Drops a session that is lost or useless: in the pool it would fail one request after the other. */
  #assess(error: unknown, committing: boolean): void {
    const { hosts, watch } = this.#context;
    // Without an answer in time: the work has taken its time.
    if (this.#lost) return;
    const useless = isSessionSuspect(error) && watch.isOld(this.#client);
    this.#lost = useless || isConnectionLost(error);
    this.#replaceable = this.#lost && !committing;
    if (isReadOnly(error)) {
      watch.retireOld();
      hosts.doubt();
    }
  }

  #answer(query: string | QueryConfig): Promise<Answer> {
    const { pooled, watch } = this.#context;
    return new Promise((resolve, reject) => {
      let stalls = 0;
      let ended = false;
      const timer = setInterval(() => {
        stalls += 1;
        watch.suspect(this.#client);
        if (stalls === STALLS_LIMIT) {
          // Before the rejection: `release` may follow at once.
          this.#lost = true;
          reject(new Error(`no answer within ${(STALL_MS * STALLS_LIMIT) / 1_000} s`));
        }
        if (pooled && stalls >= POOLED_STALLS_LIMIT) cut(this.#client);
      }, STALL_MS);
      this.#unanswered += 1;
      this.#client.query(query as QueryConfig, (error: Error | null, answer: Answer) => {
        // `pg` calls twice where a parameter cannot be sent.
        if (ended) return;
        ended = true;
        clearInterval(timer);
        if (stalls > 0) watch.answered(this.#client);
        this.#unanswered -= 1;
        if (error) reject(error);
        else resolve(answer);
        if (this.#released && this.#lost && this.#unanswered === 0) this.#client.release(true);
      });
    });
  }
}
