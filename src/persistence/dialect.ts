import {
  type Expression,
  PostgresAdapter,
  type QueryExecutorProvider,
  type RawBuilder,
  type SelectQueryBuilder,
  sql,
} from 'kysely';

/** All that queries and migrations may know about the database. */
export type Dialect = 'sqlite' | 'postgres';

/** Which database `db` (or a transaction) talks to. */
export function dialectOf(db: QueryExecutorProvider): Dialect {
  return db.getExecutor().adapter instanceof PostgresAdapter ? 'postgres' : 'sqlite';
}

/**
 * Locks the rows that `query` finds until `trx` ends. SQLite needs no lock: its transactions run one after another.
 */
export function forUpdate<DB, TB extends keyof DB, O>(
  trx: QueryExecutorProvider,
  query: SelectQueryBuilder<DB, TB, O>,
): SelectQueryBuilder<DB, TB, O> {
  return dialectOf(trx) === 'postgres' ? query.forUpdate() : query;
}

/** As {@link forUpdate}, without the rows that another replica holds now: workers claim due rows without waiting. */
export function forUpdateSkipLocked<DB, TB extends keyof DB, O>(
  trx: QueryExecutorProvider,
  query: SelectQueryBuilder<DB, TB, O>,
): SelectQueryBuilder<DB, TB, O> {
  return dialectOf(trx) === 'postgres' ? query.forUpdate().skipLocked() : query;
}

/**
 * The parameter as a text that decides nothing about the plan. SQLite compiles a statement anew for each execution
 * where a parameter is compared with a column in the way in which a partial index restricts it (`state = ?` where an
 * index has `where state = 'UNKNOWN'`): only its value says whether that index fits (https://sqlite.org/c3ref/prepare.html).
 * That takes longer than the execution. A constant is a literal for the same reason (`sql.lit`).
 */
export function opaqueText<T extends string>(parameter: Expression<T>): RawBuilder<T> {
  return sql<T>`cast(${parameter} as text)`;
}

/**
 * `limit` for frequent queries. For a bare `limit ?` SQLite prepares the statement anew at each execution, as its
 * plan depends on the value: six times the cost of running it. An expression is planned once.
 */
export function limitOf(limit: number | Expression<number>): RawBuilder<number> {
  return sql<number>`cast(${limit} as integer)`;
}
