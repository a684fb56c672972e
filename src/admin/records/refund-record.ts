import { Field } from '../../rules/field.js';
import { externalName } from '../../rules/network-rules.js';
import { oneOf } from '../../rules/rule.js';
import { amount, currency, issuedIdentifier, ownIdentifier, text } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import type { RefundState } from '../../refunds/refund-state.js';
import type { RefundReversal, RefundRow } from '../../refunds/refund.table.js';
import { shownIssuedId, shownTime, shownTimeOrNone } from './shown.js';

export class RefundRecord {
  @Field(ownIdentifier('ref'), {
    description: 'The gateway’s own id.',
    example: 'ref_0199f2a4-d0b3-7c11-9a44-5c1d8e9f0a21',
  })
  id: string;

  @Field(ownIdentifier('pay'), {
    optional: true,
    description: 'The gateway’s own id of the payment, where it knows it.',
    example: 'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10',
  })
  payment?: string | undefined;

  @Field(externalName, { example: 'acme' })
  external: string;

  @Field(issuedIdentifier, { description: 'The external’s id of the payment.', example: 'pm_7f3a' })
  paymentId: string;

  @Field(oneOf(['PENDING', 'OK', 'KO', 'UNKNOWN']), { example: 'OK' })
  state: RefundState;

  @Field(issuedIdentifier, {
    description:
      'As callers and receivers get it. The gateway’s own id and that of the external name the refund too.',
    example: 're_5d10',
  })
  refundId: string;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'The external’s id, if it named one.',
    example: 're_5d10',
  })
  externalRefundId?: string | undefined;

  @Field(oneOf(['call', 'operator']), { description: 'Who ordered it.', example: 'call' })
  origin: 'call' | 'operator';

  @Field(oneOf(['sent-back', 'late-success']), {
    optional: true,
    description:
      'The refund has changed its end, and no operator has seen it yet: `OK`, then `KO`; or `KO`, then `OK`.',
  })
  reversal?: RefundReversal | undefined;

  @Field(instant, { optional: true, description: 'When the external is queried next.' })
  nextQuestionAt?: string | undefined;

  @Field(instant, {
    optional: true,
    description: 'Since when the external is no longer queried: an operator must resolve the refund.',
  })
  parkedAt?: string | undefined;

  @Field(amount(0), { description: 'In minor units.', example: 500 })
  amount: number;

  @Field(currency, { example: 'EUR' })
  currency: string;

  @Field(text, {
    description: 'The name of the caller’s credentials; empty without credentials.',
    example: 'shop',
  })
  caller: string;

  @Field(instant, { example: '2026-02-01T09:30:00.000Z' })
  createdAt: string;

  @Field(instant, { example: '2026-02-01T09:30:00.120Z' })
  updatedAt: string;
}

export function refundRecord(row: RefundRow): RefundRecord {
  return {
    id: row.id,
    payment: row.payment_ref ?? undefined,
    external: row.external,
    paymentId: shownIssuedId(row.payment_id)!,
    state: row.state,
    refundId: shownIssuedId(row.refund_id ?? row.external_refund_id ?? row.id)!,
    externalRefundId: shownIssuedId(row.external_refund_id),
    origin: row.origin,
    reversal: row.reversal ?? undefined,
    nextQuestionAt: shownTimeOrNone(row.next_ask_at),
    parkedAt: shownTimeOrNone(row.parked_at),
    amount: row.amount_minor,
    currency: row.currency,
    caller: row.caller,
    createdAt: shownTime(row.created_at),
    updatedAt: shownTime(row.updated_at),
  };
}
