import {
  type Expression,
  PostgresAdapter,
  type QueryExecutorProvider,
  type RawBuilder,
  type SelectQueryBuilder,
  sql,
} from 'kysely';

/** All that queries and migrations may know of the database beneath them. */
export type Dialect = 'sqlite' | 'postgres';

/** Which database `db` (or a transaction) talks to. */
export function dialectOf(db: QueryExecutorProvider): Dialect {
  return db.getExecutor().adapter instanceof PostgresAdapter ? 'postgres' : 'sqlite';
}

/**
 * Holds the rows that `query` finds until `trx` ends. On SQLite there is nothing to add: its transactions run one after
 * another, so whoever is inside one has the whole database to itself.
 */
export function forUpdate<DB, TB extends keyof DB, O>(
  trx: QueryExecutorProvider,
  query: SelectQueryBuilder<DB, TB, O>,
): SelectQueryBuilder<DB, TB, O> {
  return dialectOf(trx) === 'postgres' ? query.forUpdate() : query;
}

/** As {@link forUpdate}, leaving out the rows that another replica holds now: how workers claim due rows without queueing. */
export function forUpdateSkipLocked<DB, TB extends keyof DB, O>(
  trx: QueryExecutorProvider,
  query: SelectQueryBuilder<DB, TB, O>,
): SelectQueryBuilder<DB, TB, O> {
  return dialectOf(trx) === 'postgres' ? query.forUpdate().skipLocked() : query;
}

/**
 * `limit` for queries that run all the time. Of a bare `limit ?` SQLite wants to know the value, and prepares the
 * statement anew at each execution: six times the cost of running it. An expression is planned for once.
 */
export function limitOf(limit: number | Expression<number>): RawBuilder<number> {
  return sql<number>`cast(${limit} as integer)`;
}
