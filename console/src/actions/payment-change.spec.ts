import { describe, expect, it } from '@jest/globals';
import { changeOf } from './payment-change';

const SEEN = { state: 'PENDING', refundedAmount: 0, currency: 'EUR' } as const;

describe('changeOf', () => {
  it('is nothing where an act would do the same', () => {
    expect(changeOf(SEEN, { ...SEEN })).toBeUndefined();
  });

  it('names the state and the refunds before and now', () => {
    expect(changeOf(SEEN, { ...SEEN, state: 'ACCEPTED', refundedAmount: 500 })).toBe(
      'It was PENDING and is now ACCEPTED. Refunds took 0.00 EUR of it and now take 5.00 EUR.',
    );
  });
});
