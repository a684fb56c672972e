import { randomUUID } from 'node:crypto';
import {
  type Expression,
  type ExpressionBuilder,
  type Selectable,
  sql,
  type SqlBool,
  type Transaction,
  type UpdateObject,
} from 'kysely';
import type { DatabaseSchema } from '../persistence/database.js';
import { forUpdate, forUpdateSkipLocked, limitOf } from '../persistence/dialect.js';
import { Statement } from '../persistence/statement.js';
import type { Trx } from '../persistence/store.js';

/** The tables whose rows a worker leases. */
export type LeasedTableName = {
  [Name in keyof DatabaseSchema]: DatabaseSchema[Name] extends {
    id: string;
    external: string;
    lease_token: string | null;
    lease_until: number | null;
  }
    ? Name
    : never;
}[keyof DatabaseSchema];

type RowOf<Table extends LeasedTableName> = Selectable<DatabaseSchema[Table]>;

/** A row that its worker holds until `lease_until`, or until the lease ends. */
export type LeasedRow<Table extends LeasedTableName> = RowOf<Table> & {
  readonly lease_token: string;
  readonly lease_until: number;
};

/** What a worker needs to record the end of a job: the row and the token under which it holds it. */
export interface Lease {
  readonly id: string;
  readonly lease_token: string;
}

export interface Claim {
  readonly nowMs: number;
  readonly limit: number;
  readonly leaseUntilMs: number;
  /** Only rows of this external; undefined: of any. */
  readonly external?: string | undefined;
  /** Only rows to this receiver; undefined: to any. */
  readonly receiver?: string | undefined;
  /** Which due rows come first; by default those that have waited longest. */
  readonly order?: 'longest-due' | 'latest-due';
}

export interface ClaimPerExternal {
  readonly nowMs: number;
  /** Of all externals together. */
  readonly limit: number;
  /** How many rows of one external may be claimed now. */
  readonly limitOf: (external: string) => number;
  readonly leaseMs: (external: string) => number;
}

export interface LeaseTableOptions<Table extends LeasedTableName> {
  readonly table: Table;
  /** When a row is due; null: never. */
  readonly dueAt: 'next_attempt_at' | 'next_ask_at' | 'watch_at';
  /** How many jobs were claimed for the row; absent: not counted. */
  readonly count?: 'attempts' | 'asks';
  /**
   * `due-cleared`: `dueAt` is null while a row is leased, and {@link LeaseTable.free} sets it again. `due-kept`:
   * others may clear `dueAt` during the lease; a row whose lease has ended is due again by itself.
   */
  readonly whileLeased: 'due-cleared' | 'due-kept';
  /** Further columns that a claim sets. */
  readonly onClaim?: (nowMs: Expression<number>) => UpdateObject<DatabaseSchema, Table>;
  /**
   * What a claim returns; by default all columns. On PostgreSQL a session prepares a claim once that names its columns:
   * use it in a transaction whose plans are kept (see `TransactionOptions`).
   */
  readonly columns?: readonly (keyof RowOf<Table> & string)[];
  /** Further condition on a due row. */
  readonly claimable?: (eb: ExpressionBuilder<DatabaseSchema, Table>) => Expression<SqlBool>;
}

/**
 * The columns of every leased table. A table has one of each pair of names, which {@link LeaseTableOptions}
 * names; only notifications have receivers.
 */
interface LeaseColumns {
  id: string;
  external: string;
  receiver: string;
  lease_token: string | null;
  lease_until: number | null;
  next_attempt_at: number | null;
  next_ask_at: number | null;
  watch_at: number | null;
  attempts: number;
  asks: number;
}

type ClaimParameters = Omit<Claim, 'order'> & { readonly token: string };

const NO_LEASE = { lease_token: null, lease_until: null } as const;

/**
 * The SQL of leases over one table. A worker claims due rows under a token and a time limit, and records each end
 * only under that token: a row that another worker has taken over since is left alone.
 *
 * On PostgreSQL each statement sees the newest version of a row once it has its lock, so that changes of the same
 * moment by other replicas are never overlooked.
 */
export class LeaseTable<Table extends LeasedTableName> {
  readonly #claims;

  constructor(private readonly options: LeaseTableOptions<Table>) {
    this.#claims = {
      'longest-due': this.#claimStatement('asc'),
      'latest-due': this.#claimStatement('desc'),
    };
  }

  /** Leases due rows and counts the attempt of each, in one statement. */
  claim(trx: Trx, { order = 'longest-due', ...claim }: Claim): Promise<LeasedRow<Table>[]> {
    const statement = this.#claims[order];
    const parameters = { external: undefined, receiver: undefined, ...claim, token: randomUUID() };
    return this.options.columns ? statement.namedRows(trx, parameters) : statement.rows(trx, parameters);
  }

  /** Leases due rows of each external in turn, so that one that hangs takes no capacity from the others. */
  async claimPerExternal(
    trx: Trx,
    { nowMs, limit, limitOf: limitOfExternal, leaseMs }: ClaimPerExternal,
  ): Promise<LeasedRow<Table>[]> {
    const claimed: LeasedRow<Table>[] = [];
    for (const external of await this.externalsWithDue(trx)) {
      const free = Math.min(limit - claimed.length, limitOfExternal(external));
      if (free <= 0) continue;
      const leaseUntilMs = nowMs + leaseMs(external);
      claimed.push(...(await this.claim(trx, { external, nowMs, limit: free, leaseUntilMs })));
    }
    return claimed;
  }

  /** The externals with rows that are or become due: one step through the index for each of them. */
  async externalsWithDue(trx: Trx): Promise<string[]> {
    const rows = sql.table(this.options.table);
    const dueAt = sql.ref(this.options.dueAt);
    const { rows: found } = await sql<{ external: string }>`
      with recursive waiting(external) as (
        select min(external) from ${rows} where ${dueAt} is not null
        union all
        select (select min(due.external) from ${rows} as due
                where ${dueAt} is not null and due.external > waiting.external)
        from waiting where waiting.external is not null
      )
      select external from waiting where external is not null`.execute(trx);
    return found.map(({ external }) => external);
  }

  /** Locks a leased row until `trx` ends and returns its current columns; undefined if the lease is lost. */
  async hold(trx: Trx, { id, lease_token }: Lease): Promise<RowOf<Table> | undefined> {
    const query = this.#on(trx)
      .selectFrom(this.options.table as string)
      .selectAll()
      .where('id', '=', id)
      .where('lease_token', '=', lease_token);
    return forUpdate(trx, query).executeTakeFirst() as Promise<RowOf<Table> | undefined>;
  }

  /** Ends a lease and sets `columns` in one statement; returns the row, or undefined if the lease is lost. */
  async end(
    trx: Trx,
    { id, lease_token }: Lease,
    columns: UpdateObject<DatabaseSchema, Table>,
  ): Promise<RowOf<Table> | undefined> {
    return this.#on(trx)
      .updateTable(this.options.table as string)
      .set({ ...columns, ...NO_LEASE })
      .where('id', '=', id)
      .where('lease_token', '=', lease_token)
      .returningAll()
      .executeTakeFirst() as Promise<RowOf<Table> | undefined>;
  }

  /** {@link end} for a job that did not run, or was broken off by the gateway itself: the attempt does not count. */
  async handBack(
    trx: Trx,
    lease: Lease,
    columns: UpdateObject<DatabaseSchema, Table>,
  ): Promise<RowOf<Table> | undefined> {
    const { count } = this.options;
    const notCounted = count && { [count]: sql`${sql.ref(count)} - 1` };
    return this.end(trx, lease, { ...notCounted, ...columns });
  }

  /** Takes at most `limit` rows from workers that died: those whose lease ended at `endedBeforeMs` or earlier. */
  async free(
    trx: Trx,
    { endedBeforeMs, limit }: { readonly endedBeforeMs: number; readonly limit: number },
    columns: UpdateObject<DatabaseSchema, Table>,
  ): Promise<RowOf<Table>[]> {
    const { table, dueAt, whileLeased } = this.options;
    return this.#on(trx)
      .with(
        (cte) => cte('ended').materialized(),
        (db) => {
          const ended = db
            .selectFrom(table as string)
            .select('id')
            .where('lease_until', '<=', endedBeforeMs)
            .limit(limitOf(limit));
          // Names the index: that of leases, or, where the table has none, that of due rows.
          const indexed = whileLeased === 'due-kept' ? ended.where(dueAt, 'is not', null) : ended;
          return forUpdateSkipLocked(trx, indexed);
        },
      )
      .updateTable(table as string)
      .set({ ...columns, ...NO_LEASE })
      .where('id', 'in', (eb) => eb.selectFrom('ended').select('ended.id'))
      .returningAll()
      .execute() as unknown as Promise<RowOf<Table>[]>;
  }

  #claimStatement(direction: 'asc' | 'desc'): Statement<ClaimParameters, LeasedRow<Table>> {
    const { table, dueAt, count, whileLeased, onClaim, claimable, columns } = this.options;
    return new Statement<ClaimParameters, LeasedRow<Table>>(
      (trx, { nowMs, limit, token, leaseUntilMs, external, receiver }) => {
        const claim = this.#on(trx)
          .with(
            (cte) => cte('due').materialized(),
            (db) => {
              let due = db
                .selectFrom(table as string)
                .select('id')
                .where(dueAt, '<=', nowMs);
              if (external) due = due.where('external', '=', external);
              if (receiver) due = due.where('receiver', '=', receiver);
              if (whileLeased === 'due-kept') {
                due = due.where((eb) =>
                  eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', nowMs)]),
                );
              }
              if (claimable) due = due.where((eb) => claimable(eb as never));
              return forUpdateSkipLocked(trx, due.orderBy(dueAt, direction).limit(limitOf(limit)));
            },
          )
          .updateTable(table as string)
          .set((eb) => ({
            ...onClaim?.(nowMs),
            ...(whileLeased === 'due-cleared' && { [dueAt]: null }),
            ...(count && { [count]: eb(count, '+', 1) }),
            // Each row has its own: a token that fits is this row in this claim.
            lease_token: sql<string>`cast(${token} as text) || ${eb.ref('id')}`,
            lease_until: leaseUntilMs,
          }))
          .where('id', 'in', (eb) => eb.selectFrom('due').select('due.id'));
        return columns ? claim.returning(columns as readonly (keyof LeaseColumns)[]) : claim.returningAll();
      },
      { external: true, receiver: true },
    );
  }

  /** Gives all leased tables one type: Kysely's types cannot follow a table name that is a type parameter. */
  #on(trx: Trx): Transaction<Record<string, LeaseColumns>> {
    return trx as unknown as Transaction<Record<string, LeaseColumns>>;
  }
}
