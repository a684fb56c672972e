import { CompiledQuery, type QueryExecutorProvider } from 'kysely';
import { type PreparedQuery, preparedNameOf } from './prepared-query.js';

/** The types of PostgreSQL that a column of an entry may have. */
export type ColumnType = 'text' | 'bigint' | 'integer';

/** One entry of a batch: the values of its columns. */
export type BatchEntry = { readonly id: string } & Readonly<Record<string, string | number | null>>;

/** What the result of a batch statement says: the entries that it has written. */
export interface WrittenEntry {
  readonly id: string;
}

/**
 * One statement of PostgreSQL that writes the rows of any number of entries: each column is an array. `sql` reads the
 * common table `entry`, one row for each, and returns the `id` of those that it has written. It leaves out every entry
 * that it sees to be in the way of something, and fails rather than write a part of one.
 */
export class BatchStatement<Entry extends BatchEntry = BatchEntry> {
  readonly #columns: readonly [name: keyof Entry & string, type: ColumnType][];
  readonly #text: string;
  readonly #preparedName: string;

  constructor(columns: Readonly<Record<keyof Entry & string, ColumnType>>, sql: string) {
    this.#columns = Object.entries(columns) as [keyof Entry & string, ColumnType][];
    const arrays = this.#columns.map(([, type], i) => `$${i + 1}::${type}[]`);
    const names = this.#columns.map(([name]) => name);
    this.#text = `with entry as materialized (select * from unnest(${arrays.join(', ')}) as entry (${names.join(', ')})), ${sql}`;
    this.#preparedName = preparedNameOf(this.#text);
  }

  /** In a transaction on PostgreSQL, for entries that need no batch of their own. */
  async run(trx: QueryExecutorProvider, entries: readonly Entry[]): Promise<void> {
    const query = this.query(entries);
    await trx.getExecutor().provideConnection((connection) => connection.executeQuery(query));
  }

  query(entries: readonly Entry[]): PreparedQuery {
    const arrays = this.#columns.map(([name, type]) => arrayLiteral(entries, name, type));
    return { ...CompiledQuery.raw(this.#text, arrays), preparedName: this.#preparedName };
  }
}

const SPECIAL = /["\\]/;

/** PostgreSQL, "Array Input and Output Syntax". By hand: `pg` takes five times as long. */
function arrayLiteral(entries: readonly BatchEntry[], name: string, type: ColumnType): string {
  let literal = '{';
  for (let i = 0; i < entries.length; i++) {
    if (i > 0) literal += ',';
    const value = entries[i]![name];
    if (value === null || value === undefined) literal += 'NULL';
    else if (type !== 'text') literal += integerOf(value);
    else literal += `"${escaped(value as string)}"`;
  }
  return `${literal}}`;
}

function escaped(text: string): string {
  return SPECIAL.test(text) ? text.replaceAll(/["\\]/g, String.raw`\$&`) : text;
}

function integerOf(value: string | number): number {
  if (!Number.isSafeInteger(value)) throw new TypeError('a column of integers holds something else');
  return value as number;
}
