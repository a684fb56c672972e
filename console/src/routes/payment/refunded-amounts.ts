import type { PaymentDetail } from '../../api/records';

/** What the external has refunded, and what waits for its answer; in minor units. */
export interface RefundedAmounts {
  readonly confirmed: number;
  readonly open: number;
}

/** The gateway’s `refundedAmount` has both, because neither can be refunded again. */
export function refundedAmounts({
  refundedAmount,
  refunds,
}: Pick<PaymentDetail, 'refundedAmount'> & {
  readonly refunds: readonly Pick<PaymentDetail['refunds'][number], 'state' | 'amount'>[];
}): RefundedAmounts {
  const open = refunds
    .filter(({ state }) => state === 'PENDING' || state === 'UNKNOWN')
    .reduce((sum, { amount }) => sum + amount, 0);
  return { confirmed: Math.max(0, refundedAmount - open), open };
}
