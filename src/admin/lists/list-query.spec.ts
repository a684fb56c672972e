import { describe, expect, it } from '@jest/globals';
import { PaymentQuery } from '../payments/payment.list.js';
import { readQuery } from '../../rules/contract-reader.js';
import { documentedQuery } from './list-query.js';

const result = (query: string) => readQuery(PaymentQuery, new URLSearchParams(query));
const read = (query: string) => {
  const given = result(query);
  return given.ok ? { ...given.value } : given.errors;
};

function errorsOf(query: string): readonly (readonly [string, string])[] {
  const given = result(query);
  return given.ok ? [] : given.errors.map(({ pointer, detail }) => [pointer, detail]);
}

describe('readQuery', () => {
  it('reads an empty query as no filter', () => {
    expect([read(''), read('?')]).toEqual([{}, {}]);
  });

  it('reads each parameter as its own type', () => {
    expect(
      read(
        '?external=acme&state=UNKNOWN&paymentId=pm%20%C3%BC&minAmount=0&maxAmount=999999999999&currency=JPY' +
          '&from=2026-01-31T12:00:00Z&to=2026-01-31T14:00:00.5%2B01:00&limit=200',
      ),
    ).toEqual({
      external: 'acme',
      state: 'UNKNOWN',
      paymentId: 'pm ü',
      minAmount: 0,
      maxAmount: 999_999_999_999,
      currency: 'JPY',
      from: Date.UTC(2026, 0, 31, 12),
      to: Date.UTC(2026, 0, 31, 13, 0, 0, 500),
      limit: 200,
    });
  });

  it.each([
    ['?stat=FAILED', '/query/stat'],
    ['?State=FAILED', '/query/State'],
    ['?state=failed', '/query/state'],
    ['?state=', '/query/state'],
    ['?external=Acme', '/query/external'],
    ['?limit=0', '/query/limit'],
    ['?limit=201', '/query/limit'],
    ['?limit=1e2', '/query/limit'],
    ['?limit=5&limit=6', '/query/limit'],
    ['?minAmount=-1', '/query/minAmount'],
    ['?minAmount=12.99', '/query/minAmount'],
    ['?maxAmount=1000000000000', '/query/maxAmount'],
    ['?currency=eur', '/query/currency'],
    ['?from=2026-01-31', '/query/from'],
    ['?from=2026-01-31T12:00:00', '/query/from'],
    ['?from=2026-01-31T12:00:00+01:00', '/query/from'],
    ['?from=2026-02-31T25:00:00Z', '/query/from'],
    ['?from=2026-02-30T00:00:00Z', '/query/from'],
    ['?from=2026-02-28T24:00:00Z', '/query/from'],
    ['?from=2025-02-29T00:00:00Z', '/query/from'],
    ['?from=2026-00-10T00:00:00Z', '/query/from'],
    ['?from=1769860800000', '/query/from'],
    ['?paymentId=%00', '/query/paymentId'],
    ['?cursor=%20', '/query/cursor'],
    ['?__proto__=1', '/query/__proto__'],
    ['?constructor=1', '/query/constructor'],
    ['?a/b~c=1', '/query/a~1b~0c'],
    ['?4111111111111111=1', '/query/***'],
  ])('refuses %s', (query, pointer) => {
    expect(errorsOf(query).map(([at]) => at)).toEqual([pointer]);
  });

  it('names the known parameters beside a typo, and reports all violations at once', () => {
    const errors = errorsOf('?stat=FAILED&limit=0');
    expect(errors.map(([pointer]) => pointer)).toEqual(['/query/stat', '/query/limit']);
    expect(errors[0]![1]).toContain('external, state, paymentId');
  });

  it('is documented by the same rules', () => {
    expect(documentedQuery(PaymentQuery).map(({ name }) => name)).toEqual(
      (
        'external state paymentId shopTransactionId subscriptionToken currency minAmount maxAmount ' +
        'from to limit cursor'
      ).split(' '),
    );
  });
});
