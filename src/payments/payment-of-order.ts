import type { PaymentStatusName } from '../providers/answers.js';
import { paymentMayBecome, type PaymentState } from './payment-state.js';

/** A payment of an order: a row of the ledger, or what an external has answered. */
export interface PaymentOfOrder {
  readonly state: PaymentState;
  /** Infinity: the ledger does not have it yet, so it is the newest. */
  readonly created_at: number;
}

/** The payment whose status is the status of its order: the newest that is not FAILED, else the newest (SPEC §1). */
export function paymentOfOrder<P extends PaymentOfOrder>(payments: readonly P[]): P | undefined {
  const newestFirst = payments.toSorted((a, b) => b.created_at - a.created_at);
  return newestFirst.find(({ state }) => state !== 'FAILED') ?? newestFirst[0];
}

/** The state of a payment after an answer about it: an older answer changes nothing (SPEC §4). */
export function stateAfter(state: PaymentState, answered: PaymentStatusName): PaymentState {
  return paymentMayBecome(state, answered) ? answered : state;
}

/** What a caller gets of a state that only the ledger knows. */
export function statusOfState(state: PaymentState): PaymentStatusName {
  return state === 'ACCEPTED' || state === 'FAILED' ? state : 'PENDING';
}
