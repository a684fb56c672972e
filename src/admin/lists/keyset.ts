import { createHash } from 'node:crypto';
import { invalid } from '../../http/request-parameters.js';
import { identifierFloor, type IdentifierPrefix } from '../../shared/identifier.js';
import { canonicalJson } from '../../shared/json.js';
import { detailOf } from '../../rules/rule.js';
import { cursorRule, DEFAULT_LIMIT, type PageQuery, type TimeRangeQuery } from './list-query.js';

/** A page of a list, newest first (SPEC §8). */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

/** The position of a page in a list. Ids are ordered by time, so a range of time is a range of ids. */
export interface Keyset {
  /** Inclusive. */
  readonly above: string;
  /** Exclusive. */
  readonly below: string;
  readonly limit: number;
}

const CHECK_BYTES = 6;
/** Sorts after the hexadecimal digits of every id. */
const END = 'g';

/**
 * The keyset of `query` in the list named `list`, whose ids begin with `prefix`; without a prefix for a list of
 * several tables, which is ordered by the ids without their prefixes.
 * @throws Problem `validation-failed` for an empty range, or a cursor of another list or other filters
 */
export function keysetOf(list: string, prefix: IdentifierPrefix | undefined, query: TimeRangeQuery): Keyset {
  const { from, to, limit = DEFAULT_LIMIT } = query;
  if (from !== undefined && to !== undefined && from >= to) {
    throw invalid('/query/to', 'must be later than from');
  }
  const begin = prefix === undefined ? '' : `${prefix}_`;
  const at = (ms: number): string => begin + timeFloor(ms);
  const end = to === undefined ? begin + END : at(to);
  return {
    above: from === undefined ? begin : at(from),
    below: positionIn(list, query) ?? end,
    limit,
  };
}

/**
 * The id that the page begins after; undefined for the first page.
 * @throws Problem `validation-failed` for a cursor of another list or other filters
 */
export function positionIn(list: string, query: PageQuery): string | undefined {
  return query.cursor === undefined ? undefined : readCursor(list, query, query.cursor);
}

/** The page of `items`; `next` is the id of its last item, undefined on the last page. */
export function pageOf<Item>(
  list: string,
  query: PageQuery,
  items: readonly Item[],
  next: string | undefined,
): Page<Item> {
  return { items, nextCursor: next === undefined ? null : writeCursor(list, query, next) };
}

function timeFloor(ms: number): string {
  return identifierFloor('pay', ms).slice('pay_'.length);
}

function writeCursor(list: string, query: PageQuery, id: string): string {
  return Buffer.concat([checkOf(list, query, id), Buffer.from(id)]).toString('base64url');
}

function readCursor(list: string, query: PageQuery, cursor: string): string {
  const bytes = Buffer.from(cursor, 'base64url');
  const id = bytes.subarray(CHECK_BYTES).toString('latin1');
  const intact =
    bytes.toString('base64url') === cursor && checkOf(list, query, id).equals(bytes.subarray(0, CHECK_BYTES));
  if (!intact) throw invalid('/query/cursor', detailOf(cursorRule));
  return id;
}

/** Detects mistakes, not attacks: a caller who may read the list may begin at any position. */
function checkOf(list: string, query: PageQuery, id: string): Buffer {
  const { limit: _limit, cursor: _cursor, ...filters } = query;
  return createHash('sha256')
    .update(canonicalJson([list, filters, id]))
    .digest()
    .subarray(0, CHECK_BYTES);
}
