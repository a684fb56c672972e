import type { PaymentResult, PaymentStatusName } from '../providers/answers.js';

/** The states of a payment in the ledger (SPEC §4). */
export const PAYMENT_STATES = ['CREATED', 'PENDING', 'ACCEPTED', 'FAILED', 'UNKNOWN'] as const;

export type PaymentState = (typeof PAYMENT_STATES)[number];

/**
 * From → to. `UNKNOWN → PENDING`: the external has the payment, but has not decided; `FAILED → ACCEPTED`: a late
 * success; ACCEPTED is final; nothing returns to CREATED.
 */
const ALLOWED: Readonly<Record<PaymentState, readonly PaymentState[]>> = {
  CREATED: ['PENDING', 'ACCEPTED', 'FAILED', 'UNKNOWN'],
  PENDING: ['ACCEPTED', 'FAILED'],
  UNKNOWN: ['PENDING', 'ACCEPTED', 'FAILED'],
  FAILED: ['ACCEPTED'],
  ACCEPTED: [],
};

export function paymentMayBecome(from: PaymentState, to: PaymentState): boolean {
  return ALLOWED[from].includes(to);
}

/** The outcome is not known: reconciliation queries the external. */
export function isOpen(state: PaymentState): boolean {
  return state === 'CREATED' || state === 'PENDING' || state === 'UNKNOWN';
}

const STATE_OF_RESULT: Readonly<Record<PaymentResult, PaymentState>> = {
  OK: 'ACCEPTED',
  KO: 'FAILED',
  PENDING: 'PENDING',
  REDIRECT_TO_URL: 'PENDING',
};

export function stateOfResult(result: PaymentResult): PaymentState {
  return STATE_OF_RESULT[result];
}

/** Maps a payment's status to the result of the operation that created it. */
export function resultOfStatus(status: PaymentStatusName): PaymentResult {
  return status === 'ACCEPTED' ? 'OK' : status === 'FAILED' ? 'KO' : 'PENDING';
}
