import { sentOrder } from './order-key.js';
import { statusOfState } from './payment-of-order.js';
import { type PaymentStatus, paymentStatus } from './payment-status.js';
import type { PaymentRow } from './payment.table.js';

/** The status of a payment that only the ledger knows (SPEC §1). */
export function statusInLedger(row: PaymentRow): PaymentStatus {
  const { external: providerName, payment_id, state } = row;
  return paymentStatus(
    { status: statusOfState(state) },
    { paymentId: payment_id ?? undefined, shopTransactionId: sentOrder(row), providerName },
  );
}
