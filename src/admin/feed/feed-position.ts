import { Violation, readingRule, type TextRule } from '../../rules/rule.js';

/**
 * How far a consumer has read. SQLite: the id of the last event. PostgreSQL: events from before the feed by their ids,
 * then by transaction and place.
 */
export type FeedPosition =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'transaction'; readonly xid: string; readonly position: number };

export const BEGINNING: FeedPosition = { kind: 'id', id: '' };

/** A position in the feed of one ledger. */
export interface FeedCursor {
  /** The identity of the feed: cursors of another ledger, or from before a restore, are refused. */
  readonly feed: string;
  readonly at: FeedPosition;
}

const EVENT_ID = /^(?:evt_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})?$/;
/** The position stays below 2^53. */
const TRANSACTION = /^(\d{1,20})\.(\d{1,15})$/;

export const feedCursor: TextRule<FeedCursor> = readingRule(
  'feedCursor',
  'the nextCursor of an earlier answer of this feed',
  (text) => readCursor(text) ?? new Violation(),
);

export function cursorText({ feed, at }: FeedCursor): string {
  const position = at.kind === 'id' ? at.id : `${at.xid}.${at.position}`;
  return Buffer.from(`${feed}:${position}`).toString('base64url');
}

function readCursor(text: string): FeedCursor | undefined {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) return undefined;
  const [, feed, position] = /^([0-9a-f]{16}):(.*)$/s.exec(bytes.toString('latin1')) ?? [];
  if (feed === undefined || position === undefined) return undefined;
  if (EVENT_ID.test(position)) return { feed, at: { kind: 'id', id: position } };
  const [, xid, place] = TRANSACTION.exec(position) ?? [];
  if (xid === undefined) return undefined;
  return { feed, at: { kind: 'transaction', xid, position: Number(place) } };
}
