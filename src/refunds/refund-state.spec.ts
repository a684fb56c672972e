import { describe, expect, it } from '@jest/globals';
import { refundMayBecome, type RefundState } from './refund-state.js';

const STATES: readonly RefundState[] = ['PENDING', 'UNKNOWN', 'OK', 'KO'];

describe('the states of a refund', () => {
  it.each<[RefundState, RefundState[]]>([
    ['PENDING', ['UNKNOWN', 'OK', 'KO']],
    ['UNKNOWN', ['PENDING', 'OK', 'KO']],
    ['OK', []],
    ['KO', ['OK']],
  ])('%s becomes %j by the answer of the call', (from, expected) => {
    expect(STATES.filter((to) => refundMayBecome(from, to))).toEqual(expected);
  });

  it.each(STATES)('OK becomes KO only by the answer to a query that was sent in OK, not in %s', (queried) => {
    expect(STATES.filter((to) => refundMayBecome('OK', to, queried))).toEqual(queried === 'OK' ? ['KO'] : []);
  });
});
