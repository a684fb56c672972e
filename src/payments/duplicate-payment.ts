import { type Outcome, Problem } from '../problems/problem.js';
import type { DuplicatePayment } from './payment.repository.js';
import type { Checkout } from './payment.table.js';

interface Circumstances {
  readonly outcome: Outcome;
  /** The request is of the caller that made the payment. */
  readonly isOwn: boolean;
  /** The external offers `/cancel`. */
  readonly offersCancel: boolean;
}

/** The order has a payment that has not failed (SPEC §3). */
export class DuplicatePaymentProblem extends Problem {
  constructor(
    readonly first: DuplicatePayment | undefined,
    { outcome, isOwn, offersCancel }: Circumstances,
  ) {
    const isPending = first?.state === 'PENDING';
    const canBeCanceled = isPending && offersCancel && first.payment_id !== null;
    super(
      'duplicate-payment',
      'This shopTransactionId already has a payment at this external.' +
        (canBeCanceled ? ' It is pending: POST /cancel with its paymentId frees the order.' : ''),
      {
        outcome,
        members: {
          ...(first?.payment_id && { paymentId: first.payment_id }),
          ...(first && { paymentStatus: first.state === 'CREATED' ? 'PENDING' : first.state }),
          ...(isPending && isOwn && first.checkout !== null && (JSON.parse(first.checkout) as Checkout)),
        },
      },
    );
  }
}
