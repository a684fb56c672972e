import { Problem } from '../problems/problem.js';

/* Why a refund is refused before anything is executed. */

/** The payment to refund is not ACCEPTED in the ledger: query the external once before refusing (SPEC §3). */
export class PaymentNotAccepted extends Problem {
  constructor() {
    super('refund-exceeds-payment', 'The payment is not accepted.', { outcome: 'not-executed' });
  }
}

export function exceeds(detail: string): Problem {
  return new Problem('refund-exceeds-payment', detail, { outcome: 'not-executed' });
}

/** An operator expected refunds to take another amount of the payment, in minor units. */
export function refundedMeanwhile(takenMinor: number, expectedMinor: number): Problem {
  return new Problem(
    'conflict',
    `Refunds take ${takenMinor} (minor units) of the payment by now, not ${expectedMinor}: nothing was refunded.`,
    { outcome: 'not-executed' },
  );
}
