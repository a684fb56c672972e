import type { PaymentStatusName } from '../providers/answers.js';

/** `PENDING` from the moment of the reservation. */
export type RefundState = 'PENDING' | 'OK' | 'KO' | 'UNKNOWN';

/**
 * From → to. `OK → KO`: a bank sent the refund back; `KO → OK`: a late success. `KO → UNKNOWN` is the ledger's own
 * `reopen`.
 */
const ALLOWED: Readonly<Record<RefundState, readonly RefundState[]>> = {
  PENDING: ['OK', 'KO', 'UNKNOWN'],
  UNKNOWN: ['PENDING', 'OK', 'KO'],
  OK: ['KO'],
  KO: ['OK'],
};

/**
 * Whether a refund may change its state. `queried` is its state when the external was queried, undefined for the answer
 * of the call: `OK → KO` needs the answer to a query that was sent after the OK was stored (SPEC §4), because an older
 * answer may be about the time before it.
 */
export function refundMayBecome(from: RefundState, to: RefundState, queried?: RefundState): boolean {
  return ALLOWED[from].includes(to) && (from !== 'OK' || queried === 'OK');
}

/** How a refund changes its end by what the external says; undefined if it does not. */
export function reversalOf(from: RefundState, to: RefundState): 'sent-back' | 'late-success' | undefined {
  if (from === 'OK') return 'sent-back';
  return from === 'KO' && to === 'OK' ? 'late-success' : undefined;
}

/** The outcome is not known: reconciliation queries the external. */
export function isOpenRefund(state: RefundState): boolean {
  return state === 'PENDING' || state === 'UNKNOWN';
}

const STATE_OF_STATUS: Readonly<Record<PaymentStatusName, RefundState>> = {
  ACCEPTED: 'OK',
  FAILED: 'KO',
  PENDING: 'PENDING',
};

export function stateOfRefundStatus(status: PaymentStatusName): RefundState {
  return STATE_OF_STATUS[status];
}

/** UNKNOWN is reported as PENDING (SPEC §1). */
export function statusOfRefund(state: RefundState): PaymentStatusName {
  return state === 'OK' ? 'ACCEPTED' : state === 'KO' ? 'FAILED' : 'PENDING';
}
