import { describe, expect, it } from '@jest/globals';
import {
  isOpen,
  paymentMayBecome,
  type PaymentState,
  resultOfStatus,
  stateOfResult,
} from './payment-state.js';

const STATES: readonly PaymentState[] = ['CREATED', 'PENDING', 'ACCEPTED', 'FAILED', 'UNKNOWN'];

/** SPEC §4, typed in by hand: a table that is derived from the code would agree with any. */
const ALLOWED: ReadonlySet<string> = new Set([
  'CREATED → PENDING',
  'CREATED → ACCEPTED',
  'CREATED → FAILED',
  'CREATED → UNKNOWN',
  'PENDING → ACCEPTED',
  'PENDING → FAILED',
  'UNKNOWN → PENDING',
  'UNKNOWN → ACCEPTED',
  'UNKNOWN → FAILED',
  // A late success. What is ACCEPTED stays so.
  'FAILED → ACCEPTED',
]);

describe('a payment', () => {
  it.each(STATES.flatMap((from) => STATES.map((to) => [from, to] as const)))('%s → %s', (from, to) => {
    expect(paymentMayBecome(from, to)).toBe(ALLOWED.has(`${from} → ${to}`));
  });

  it.each<[PaymentState, boolean]>([
    ['CREATED', true],
    ['PENDING', true],
    ['UNKNOWN', true],
    ['ACCEPTED', false],
    ['FAILED', false],
  ])('is open while it is %s: %s', (state, open) => {
    expect(isOpen(state)).toBe(open);
  });

  it.each([
    ['OK', 'ACCEPTED'],
    ['KO', 'FAILED'],
    ['PENDING', 'PENDING'],
    ['REDIRECT_TO_URL', 'PENDING'],
  ] as const)('that is answered %s is %s', (result, state) => {
    expect(stateOfResult(result)).toBe(state);
  });

  it.each([
    ['ACCEPTED', 'OK'],
    ['FAILED', 'KO'],
    ['PENDING', 'PENDING'],
  ] as const)('that stands at %s was answered %s', (status, result) => {
    expect(resultOfStatus(status)).toBe(result);
  });
});
