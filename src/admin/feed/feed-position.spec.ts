import { describe, expect, it } from '@jest/globals';
import { Violation } from '../../rules/rule.js';
import { cursorText, type FeedCursor, feedCursor } from './feed-position.js';

const FEED = '0123456789abcdef';

describe('feedCursor', () => {
  it('reads what cursorText writes', () => {
    const cursor: FeedCursor = {
      feed: FEED,
      at: { kind: 'transaction', xid: '18446744073709551615', position: 999_999_999_999_999 },
    };
    expect(feedCursor.read(cursorText(cursor))).toEqual(cursor);
  });

  it.each(['1.9999999999999999', '1.-1', '1', '.1', 'evt_1'])(
    'refuses the position %s, which no feed has given',
    (position) => {
      const text = Buffer.from(`${FEED}:${position}`).toString('base64url');
      expect(feedCursor.read(text)).toBeInstanceOf(Violation);
    },
  );
});
