/** Part of a list: at most `limit` of its rows within the keyset, newest first. */
export type RowSource<Row> = (limit: number) => Promise<readonly Row[]>;

export interface NewestRows<Row> {
  readonly rows: readonly Row[];
  /** The id that the next page begins after; undefined on the last page. */
  readonly next: string | undefined;
}

interface Selection<Row> {
  readonly limit: number;
  /** The part of the filter that no index covers; absent where the sources contain matching rows only. */
  readonly accepts?: ((row: Row) => boolean) | undefined;
  /** The maximum number of rows to read where `accepts` may drop some. */
  readonly lookAt?: number;
}

/** Takes a few milliseconds, during which nothing else runs on SQLite. */
const LOOK_AT = 2_000;
/** Sets of at most this size are read completely and sorted in memory. */
const SMALL = 1_000;

/**
 * The newest rows of several sources together, from a limited number of index entries of each. A filter may leave less
 * than a page, even nothing, although more rows follow: `next` then continues. This bounds the cost of every page.
 */
export async function mergeNewest<Row extends { readonly id: string }>(
  sources: readonly RowSource<Row>[],
  { limit, accepts, lookAt = LOOK_AT }: Selection<Row>,
): Promise<NewestRows<Row>> {
  const each = accepts ? Math.max(limit + 1, Math.ceil(lookAt / Math.max(1, sources.length))) : limit + 1;
  const found: Row[] = [];
  let reached: string | undefined;
  for (const source of sources) {
    const rows = await source(each);
    found.push(...rows);
    const last = rows.length === each ? rows.at(-1)!.id : undefined;
    if (last !== undefined && (reached === undefined || last > reached)) reached = last;
  }
  // Beyond `reached`, a source may have rows that it did not return. A row that moved between sources counts once.
  const seen = [...new Map(found.map((row) => [row.id, row])).values()]
    .filter(({ id }) => reached === undefined || id >= reached)
    .toSorted((a, b) => (a.id < b.id ? 1 : -1));
  const rows = (accepts ? seen.filter(accepts) : seen).slice(0, limit + 1);
  if (rows.length > limit) return { rows: rows.slice(0, limit), next: rows[limit - 1]!.id };
  return { rows, next: reached };
}

/**
 * The source of a set that is usually small and has no order in the index. `read` gets the maximum number of rows.
 * Undefined where the set is larger.
 */
export async function smallSource<Row extends { readonly id: string }>(
  read: (limit: number) => Promise<readonly Row[]>,
  accepts: (row: Row) => boolean = () => true,
): Promise<RowSource<Row> | undefined> {
  const rows = await read(SMALL + 1);
  if (rows.length > SMALL) return undefined;
  const ordered = rows.filter(accepts).toSorted((a, b) => (a.id < b.id ? 1 : -1));
  return (limit) => Promise.resolve(ordered.slice(0, limit));
}
