import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { orderColumns, orderKey, sentOrder } from './order-key.js';

const NFC = 'Caf\u00e9';

describe('orderKey', () => {
  it.each([
    ['a trailing space', 'order-1 ', 'order-1'],
    ['outer white space of other scripts', '\u00a0\u3000order-1\u2003', 'order-1'],
    ['a decomposed letter', 'Cafe\u0301', NFC],
    ['a Hangul filler', 'order\u3164-1', 'order-1'],
    ['a halfwidth Hangul filler', 'order-1\uffa0', 'order-1'],
    ['a zero-width space', 'order\u200b-1', 'order-1'],
    ['a soft hyphen', 'or\u00adder-1', 'order-1'],
    ['a variation selector', 'order-1\ufe0f', 'order-1'],
    ['a tag', 'order-1\u{e0061}', 'order-1'],
    ['a combining grapheme joiner before an accent', 'Cafe\u034f\u0301', NFC],
    ['an invisible character behind a space', 'order-1 \u3164', 'order-1'],
    ['only spaces', '  ', ''],
  ])('drops %s', (_what, text, key) => {
    expect(orderKey(text)).toBe(key);
  });

  it.each(['order-1', 'a b', 'ORDER-1', 'Ünïcødé-💶', '１', 'ﬁ', '0', '-'])('keeps %s', (text) => {
    expect(orderKey(text)).toBe(text);
  });

  it('of a key is the key, for any text', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());
    fc.assert(
      fc.property(texts, (text) => {
        const key = orderKey(text);
        expect(orderKey(key)).toBe(key);
        expect(orderKey(` ${text.normalize('NFD')}\u3164`)).toBe(key);
      }),
      { seed: 1, numRuns: 5_000 },
    );
  });

  it('leaves the text as sent beside it where it differs', () => {
    expect(orderColumns('order-1')).toEqual({
      shop_transaction_id: 'order-1',
      shop_transaction_id_sent: undefined,
    });
    const columns = orderColumns('order-1 ');
    expect(columns).toEqual({ shop_transaction_id: 'order-1', shop_transaction_id_sent: 'order-1 ' });
    expect(sentOrder({ ...columns, shop_transaction_id_sent: columns.shop_transaction_id_sent! })).toBe(
      'order-1 ',
    );
    expect(sentOrder({ shop_transaction_id: 'order-1', shop_transaction_id_sent: null })).toBe('order-1');
    expect(sentOrder({ shop_transaction_id: null })).toBeUndefined();
  });
});
