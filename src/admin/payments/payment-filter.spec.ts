import { describe, expect, it } from '@jest/globals';
import { mayBecome } from '../../payments/payment-state.js';
import { PAYMENT_STATES, READING_ORDER } from './payment-filter.js';

describe('READING_ORDER', () => {
  it('has each state', () => {
    expect(READING_ORDER.toSorted()).toEqual(PAYMENT_STATES.toSorted());
  });

  it('goes the way that payments go: none is missed that changes between two queries of a list', () => {
    const back = READING_ORDER.flatMap((from, at) =>
      READING_ORDER.slice(0, at).filter((to) => mayBecome(from, to)),
    );
    expect(back).toEqual([]);
  });
});
