import { describe, expect, it } from '@jest/globals';
import { refundedAmounts } from './refunded-amounts';

describe('the refunded amounts of a payment', () => {
  it('call refunded only what the external has confirmed', () => {
    const refunds = [
      { state: 'OK', amount: 500 },
      { state: 'UNKNOWN', amount: 111 },
      { state: 'PENDING', amount: 20 },
      { state: 'KO', amount: 70 },
    ] as const;
    expect(refundedAmounts({ refundedAmount: 631, refunds })).toEqual({ confirmed: 500, open: 131 });
  });

  it('count refunds that the list no longer has', () => {
    expect(refundedAmounts({ refundedAmount: 631, refunds: [] })).toEqual({ confirmed: 631, open: 0 });
  });
});
