import type { PaymentRecord } from '../records/payment-record.js';

/** The columns of payments as CSV. */
export const PAYMENT_COLUMNS = [
  'id',
  'external',
  'state',
  'origin',
  'paymentId',
  'shopTransactionId',
  'subscriptionToken',
  'amount',
  'currency',
  'refundedAmount',
  'caller',
  'createdAt',
  'updatedAt',
  'parkedAt',
] as const satisfies readonly (keyof PaymentRecord)[];
