import { describe, expect, it } from '@jest/globals';
import { PAYMENT_STATES, paymentMayBecome } from '../../payments/payment-state.js';
import { READING_ORDER } from './payment.list.js';

describe('READING_ORDER', () => {
  it('has each state', () => {
    expect(READING_ORDER.toSorted()).toEqual(PAYMENT_STATES.toSorted());
  });

  it('follows the state table, so that a payment that changes between two queries is not missed', () => {
    const back = READING_ORDER.flatMap((from, at) =>
      READING_ORDER.slice(0, at).filter((to) => paymentMayBecome(from, to)),
    );
    expect(back).toEqual([]);
  });
});
