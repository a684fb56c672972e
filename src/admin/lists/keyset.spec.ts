import { describe, expect, it } from '@jest/globals';
import { newIdentifier } from '../../shared/identifier.js';
import { keysetOf, pageOf } from './keyset.js';
import type { TimeRangeQuery } from './list-query.js';

const AT = Date.UTC(2026, 0, 31, 12);
const id = newIdentifier('pay', AT);
const cursorOf = (query: TimeRangeQuery & Record<string, unknown>, list = 'payments'): string =>
  pageOf(list, query, [], id).nextCursor!;

describe('keysetOf', () => {
  it('begins with the newest id and contains every id', () => {
    const { above, below, limit } = keysetOf('payments', 'pay', {});
    expect(limit).toBe(50);
    expect(above < id && id < below).toBe(true);
    expect(below > newIdentifier('pay', 2 ** 48 - 1)).toBe(true);
    expect(above < newIdentifier('pay', 0)).toBe(true);
  });

  it('accepts a range of time with an exclusive end', () => {
    const within = (ms: number, query: TimeRangeQuery): boolean => {
      const { above, below } = keysetOf('payments', 'pay', query);
      const made = newIdentifier('pay', ms);
      return made >= above && made < below;
    };
    const range = { from: AT, to: AT + 1_000 };
    expect([AT - 1, AT, AT + 999, AT + 1_000].map((ms) => within(ms, range))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('continues after the last id of the previous page', () => {
    const query = { from: AT - 1, external: 'acme' };
    const next = keysetOf('payments', 'pay', { ...query, cursor: cursorOf(query), limit: 7 });
    expect(next).toMatchObject({ below: id, limit: 7 });
    expect(next.above.startsWith('pay_')).toBe(true);
  });

  it('has no cursor after the last page', () => {
    expect(pageOf('payments', {}, [1], undefined)).toEqual({ items: [1], nextCursor: null });
  });

  it.each<[string, string]>([
    ['of another list', cursorOf({}, 'callbacks')],
    ['of other filters', cursorOf({ external: 'acme' })],
    ['with another character at its end', cursorOf({}).replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))],
    [
      'with another character at its begin',
      cursorOf({}).replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
    ],
    ['cut off', cursorOf({}).slice(0, -4)],
    ['made up', 'bm90IGEgY3Vyc29y'],
  ])('refuses a cursor %s', (_what, cursor) => {
    expect(() => keysetOf('payments', 'pay', { cursor })).toThrow(
      expect.objectContaining({ code: 'validation-failed' }),
    );
  });

  it('refuses an empty range', () => {
    expect(() => keysetOf('payments', 'pay', { from: AT, to: AT })).toThrow(
      'query to must be later than from',
    );
  });
});
