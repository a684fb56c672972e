/** Part of a list: at most `limit` of its rows within the keyset at hand, newest first. */
export type Source<Row> = (limit: number) => Promise<readonly Row[]>;

export interface Newest<Row> {
  readonly rows: readonly Row[];
  /** The id that the rows end behind; undefined where there is no more. */
  readonly next: string | undefined;
}

interface Selection<Row> {
  readonly limit: number;
  /** What no index asks; left out where the sources hold nothing else. */
  readonly accepts?: ((row: Row) => boolean) | undefined;
  /** How many rows to look at, at most, where not all of them belong to the page. */
  readonly lookAt?: number;
}

/** A few milliseconds' worth: on SQLite nothing else runs meanwhile. */
const LOOK_AT = 2_000;
/** As many as that are read whole, and put in order here. */
const SMALL = 1_000;

/**
 * The newest rows of several sources together, by few index entries of each. What a filter leaves over may be less than a page,
 * even nothing, with more behind it: then `next` leads on. So every page costs little, whatever is asked for.
 */
export async function newest<Row extends { readonly id: string }>(
  sources: readonly Source<Row>[],
  { limit, accepts, lookAt = LOOK_AT }: Selection<Row>,
): Promise<Newest<Row>> {
  const each = accepts ? Math.max(limit + 1, Math.ceil(lookAt / Math.max(1, sources.length))) : limit + 1;
  const found: Row[] = [];
  let reached: string | undefined;
  for (const source of sources) {
    const rows = await source(each);
    found.push(...rows);
    const last = rows.length === each ? rows.at(-1)!.id : undefined;
    if (last !== undefined && (reached === undefined || last > reached)) reached = last;
  }
  // Behind `reached`, one of the sources may hold more than it told. A row that went from one to another meanwhile counts once.
  const seen = [...new Map(found.map((row) => [row.id, row])).values()]
    .filter(({ id }) => reached === undefined || id >= reached)
    .toSorted((a, b) => (a.id < b.id ? 1 : -1));
  const rows = (accepts ? seen.filter(accepts) : seen).slice(0, limit + 1);
  if (rows.length > limit) return { rows: rows.slice(0, limit), next: rows[limit - 1]!.id };
  return { rows, next: reached };
}

/**
 * The source of a set that is known to be small as a rule, and has no order in the index: `read` gets the number of rows that
 * are bearable. Undefined where there are more.
 */
export async function smallSet<Row extends { readonly id: string }>(
  read: (limit: number) => Promise<readonly Row[]>,
  accepts: (row: Row) => boolean = () => true,
): Promise<Source<Row> | undefined> {
  const rows = await read(SMALL + 1);
  if (rows.length > SMALL) return undefined;
  const ordered = rows.filter(accepts).toSorted((a, b) => (a.id < b.id ? 1 : -1));
  return (limit) => Promise.resolve(ordered.slice(0, limit));
}
