import { type Kysely, type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import type { Store, Trx } from '../../persistence/store.js';
import type { IdentifierPrefix } from '../../shared/identifier.js';
import { type Keyset, keysetOf, type Page, pageOf } from './keyset.js';
import type { TimeRangeQuery } from './list-query.js';
import { mergeNewest, type NewestRows, type RowSource, smallSource } from './merge-newest.js';

type ListTable =
  'payments' | 'refunds' | 'subscriptions' | 'operations' | 'notifications' | 'callbacks' | 'audit_entries';
type ListRow = { readonly id: string } & Readonly<Record<string, string | number | null>>;
/** A query of any of the tables: the lists name their columns as data. */
type RowQuery = SelectQueryBuilder<Record<string, ListRow>, string, ListRow>;

/** Rows that an index leads to. */
interface Part {
  readonly source: RowSource<ListRow>;
  /** Whether every row matches the query. */
  readonly exact: boolean;
}

interface ListDefinition<Query, Row, Item> {
  readonly table: ListTable;
  readonly prefix: IdentifierPrefix;
  /** The column that each filter is compared with. */
  readonly filters: Readonly<Partial<Record<keyof Query & string, string>>>;
  /** The columns that `matches` compares. */
  readonly columns?: readonly string[];
  /** The filters that are not comparisons with one column. */
  readonly matches?: (query: Query, row: ListRow) => boolean;
  /** The parts by the most selective index; undefined where none helps: the list is then read by its ids. */
  readonly parts: (query: Query, reader: ListReader<Query>) => Promise<Part[] | undefined>;
  /** The complete rows of `ids`, in any order, where they are more than the table's. */
  readonly whole?: (db: Trx, ids: readonly string[]) => Promise<Row[]>;
  readonly record: (row: Row) => Item;
}

/**
 * A list of `/admin`, newest first. A page reads the columns of the filters from an index, then the complete rows of
 * those that match.
 */
export class KeysetList<Query extends TimeRangeQuery, Row extends { readonly id: string }, Item> {
  constructor(private readonly definition: ListDefinition<Query, Row, Item>) {}

  /** @throws Problem `validation-failed` for an empty range of time, or a cursor of another list */
  async page(store: Store, query: Query): Promise<Page<Item>> {
    const { table, prefix, record } = this.definition;
    const keyset = keysetOf(table, prefix, query);
    const { rows, next } = await store.read((db) => this.newest(db, query, keyset));
    return pageOf(table, query, rows.map(record), next);
  }

  async newest(db: Trx, query: Query, keyset: Keyset): Promise<NewestRows<Row>> {
    const { table, filters, columns = [], parts } = this.definition;
    const rows = (db as unknown as Kysely<Record<string, ListRow>>)
      .selectFrom(table)
      .select([
        'id',
        ...new Set(Object.values<string>(filters as Record<string, string>)),
        ...columns,
      ]) as RowQuery;
    const accepts = (row: ListRow): boolean => this.accepts(query, row);
    const reader = new ListReader(db, query, keyset, rows, accepts);
    const indexed = (await parts(query, reader)) ?? [reader.inOrder(rows, [])];
    const found = await mergeNewest(
      indexed.map(({ source }) => source),
      { limit: keyset.limit, accepts: indexed.every(({ exact }) => exact) ? undefined : accepts },
    );
    const whole = await this.#whole(
      db,
      found.rows.map(({ id }) => id),
    );
    // A row may have changed since it was found.
    return { rows: whole.filter((row) => this.accepts(query, row as unknown as ListRow)), next: found.next };
  }

  /** Whether `row` matches all filters of `query`, except the range of time, which is that of the ids. */
  accepts(query: Query, row: ListRow): boolean {
    const { filters, matches = () => true } = this.definition;
    const equal = Object.entries<string>(filters as Record<string, string>).every(([filter, column]) => {
      const wanted = query[filter as keyof Query];
      return wanted === undefined || wanted === row[column];
    });
    return equal && matches(query, row);
  }

  async #whole(db: Trx, ids: readonly string[]): Promise<Row[]> {
    if (ids.length === 0) return [];
    const { table, whole } = this.definition;
    const rows = whole
      ? await whole(db, ids)
      : await db
          .selectFrom(table as 'payments')
          .selectAll()
          .where('id', 'in', ids)
          .execute();
    return (rows as Row[]).toSorted((a, b) => (a.id < b.id ? 1 : -1));
  }
}

/** Reads the parts of one page. */
export class ListReader<Query> {
  constructor(
    readonly db: Trx,
    private readonly query: Query,
    private readonly keyset: Keyset,
    /** All rows, with the columns of the filters. */
    readonly rows: RowQuery,
    private readonly accepts: (row: ListRow) => boolean,
  ) {}

  /** The rows in the range of ids. */
  within(rows: RowQuery): RowQuery {
    return rows.where('id', '>=', this.keyset.above).where('id', '<', this.keyset.below);
  }

  /** Rows that an index has in the order of their ids; `covered` are the filters that they all match. */
  inOrder(rows: RowQuery, covered: readonly (keyof Query)[]): Part {
    const { from: _from, to: _to, limit: _limit, cursor: _cursor, ...filters } = this.query as TimeRangeQuery;
    const given = Object.entries(filters).filter(([, value]) => value !== undefined);
    return {
      source: (limit) => this.within(rows).orderBy('id', 'desc').limit(limit).execute(),
      exact: given.every(([name]) => covered.includes(name as keyof Query)),
    };
  }

  /** Rows that are few, in any order; undefined where they are many. */
  async few(read: RowQuery | ((limit: number) => Promise<readonly ListRow[]>)): Promise<Part[] | undefined> {
    const { above, below } = this.keyset;
    const source = await smallSource(
      (limit) => (typeof read === 'function' ? read(limit) : read.limit(limit).execute()),
      (row) => row.id >= above && row.id < below && this.accepts(row),
    );
    return source && [{ source, exact: true }];
  }
}

/**
 * Every external that has rows in `table`, configured or not: one step of the index each. `indexed` is the condition
 * of a partial index.
 */
export async function externalsIn(
  db: Trx,
  table: 'payments' | 'subscriptions',
  indexed: RawBuilder<boolean> = sql<boolean>`true`,
): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    with recursive known(name) as (
      select min(external) from ${sql.table(table)} where ${indexed}
      union all
      select (select min(external) from ${sql.table(table)} where external > known.name and ${indexed})
      from known where known.name is not null
    )
    select name from known where name is not null`.execute(db);
  return rows.map(({ name }) => name);
}
