import { Field } from '../../rules/field.js';
import { externalName } from '../../rules/network-rules.js';
import { oneOf } from '../../rules/rule.js';
import { amount, currency, issuedIdentifier, ownIdentifier, quantity, text } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import { sentOrder } from '../../payments/order-key.js';
import type { PaymentOrigin, PaymentRow } from '../../payments/payment.table.js';
import type { PaymentState } from '../../payments/payment-state.js';
import { shownIssuedId, shownText, shownTime, shownTimeOrNone, shownTraceId } from './shown.js';

/** A payment in the ledger. */
export class PaymentRecord {
  @Field(ownIdentifier('pay'), {
    description: 'The gateway’s own id.',
    example: 'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10',
  })
  id: string;

  @Field(externalName, { example: 'acme' })
  external: string;

  @Field(oneOf(['CREATED', 'PENDING', 'ACCEPTED', 'FAILED', 'UNKNOWN']), { example: 'ACCEPTED' })
  state: PaymentState;

  @Field(oneOf(['pay', 'pay-by-link', 'subscription', 'learned']), {
    description:
      'The operation that created it. `learned`: a callback or a check named a payment that the gateway did not know.',
    example: 'pay',
  })
  origin: PaymentOrigin;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'The external’s id, once known.',
    example: 'pm_7f3a',
  })
  paymentId?: string | undefined;

  @Field(issuedIdentifier, { optional: true, example: 'order-1001' })
  shopTransactionId?: string | undefined;

  @Field(issuedIdentifier, { optional: true, example: 'sub_91c2' })
  subscriptionToken?: string | undefined;

  @Field(amount(0), {
    optional: true,
    description: 'In minor units. Absent where the gateway did not create the payment.',
    example: 1299,
  })
  amount?: number | undefined;

  @Field(currency, { optional: true, example: 'EUR' })
  currency?: string | undefined;

  @Field(quantity, { description: 'The sum of completed and reserved refunds, in minor units.', example: 0 })
  refundedAmount: number;

  @Field(text, { optional: true, description: 'The name of the caller’s credentials.', example: 'shop' })
  caller?: string | undefined;

  @Field(instant, { example: '2026-01-31T12:00:00.000Z' })
  createdAt: string;

  @Field(instant, { example: '2026-01-31T12:00:00.150Z' })
  updatedAt: string;

  @Field(quantity, {
    description: 'The number of status queries that the gateway made by itself.',
    example: 0,
  })
  questions: number;

  @Field(instant, { optional: true, description: 'When the external is queried next.' })
  nextQuestionAt?: string | undefined;

  @Field(instant, {
    optional: true,
    description: 'When reconciliation stopped without a final state: an operator must resolve it.',
  })
  parkedAt?: string | undefined;

  @Field(instant, { optional: true, description: 'When the external answered OK to a cancellation.' })
  canceledAt?: string | undefined;

  @Field(text, {
    optional: true,
    description: 'The trace id of the request that created it.',
    example: '4bf92f3577b34da6a3ce929d0e0e4736',
  })
  traceId?: string | undefined;
}

export function paymentRecord(row: PaymentRow): PaymentRecord {
  return {
    id: row.id,
    external: row.external,
    state: row.state,
    origin: row.origin,
    paymentId: shownIssuedId(row.payment_id),
    shopTransactionId: shownText(sentOrder(row)),
    subscriptionToken: shownIssuedId(row.subscription_token),
    amount: row.amount_minor ?? undefined,
    currency: row.currency ?? undefined,
    refundedAmount: row.refunded_minor,
    caller: row.caller ?? undefined,
    createdAt: shownTime(row.created_at),
    updatedAt: shownTime(row.updated_at),
    questions: row.asks,
    nextQuestionAt: shownTimeOrNone(row.next_ask_at),
    parkedAt: shownTimeOrNone(row.parked_at),
    canceledAt: shownTimeOrNone(row.canceled_at),
    traceId: shownTraceId(row.traceparent),
  };
}
