import { DescribeNotification } from '../http/openapi/notification-webhook.js';
import type { Examples } from '../http/openapi/operation-description.js';
import type { PaymentStatusName, RefundStatusAnswer } from '../providers/answers.js';
import { Field } from '../rules/field.js';
import { oneOf } from '../rules/rule.js';
import { amount, anyJson, count, currency, identifier, issuedIdentifier } from '../rules/rules.js';
import type { JsonValue } from '../shared/json.js';

const REFUNDED = {
  refundId: 're_5d10',
  paymentId: 'pm_7f3a',
  shopTransactionId: 'order-1001',
  amount: 500,
  currency: 'EUR',
  providerName: 'simulator',
} as const;

export const REFUND_STATUS_EXAMPLES: Examples = {
  ACCEPTED: { summary: 'Refunded', value: { status: 'ACCEPTED', ...REFUNDED } },
  FAILED: { summary: 'Declined, or sent back', value: { status: 'FAILED', ...REFUNDED } },
  PENDING: { summary: 'Not decided yet', value: { status: 'PENDING', ...REFUNDED } },
};

/** A refund's status as callers get it (SPEC §1). */
export class RefundStatus {
  @Field(oneOf(['ACCEPTED', 'FAILED', 'PENDING']), {
    description: 'An accepted refund can still fail: a bank sends it back.',
    example: 'ACCEPTED',
  })
  status: PaymentStatusName;

  @Field(issuedIdentifier, { description: 'Never changes.', example: 're_5d10' })
  refundId: string;

  @Field(issuedIdentifier, { example: 'pm_7f3a' })
  paymentId: string;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'Of the payment. Absent only where neither the external nor the gateway knows it.',
    example: 'order-1001',
  })
  shopTransactionId?: string;

  @Field(amount(1), { description: 'In minor units.', example: 500 })
  amount: number;

  @Field(currency, { example: 'EUR' })
  currency: string;

  @Field(identifier, { description: 'The `{external}` name.', example: 'simulator' })
  providerName: string;

  @Field(anyJson, {
    optional: true,
    description: 'Data of the external; what repeats `providerData` is masked.',
  })
  metadata?: JsonValue;
}

/** A refund's status as receivers get it (SPEC §5). */
@DescribeNotification('refund', {
  ACCEPTED: versioned(REFUND_STATUS_EXAMPLES['ACCEPTED']!, 1),
  FAILED: versioned(REFUND_STATUS_EXAMPLES['FAILED']!, 2),
})
export class RefundNotification extends RefundStatus {
  @Field(count, {
    description:
      'Grows with each notification of a refund: ignore a notification with a lower version than the last one.',
    example: 1,
  })
  version: number;
}

function versioned(example: Examples[string], version: number): Examples[string] {
  return { ...example, value: { ...(example.value as object), version } };
}

/** Everything of a status but the external's own data, which only its answer has. */
export type KnownRefund = Omit<RefundStatus, 'metadata'>;

/** The status that callers and receivers get; `answer` is the external's, if it was queried. */
export function refundStatus(known: KnownRefund, answer?: RefundStatusAnswer): RefundStatus {
  return { ...known, ...(answer?.metadata !== undefined && { metadata: answer.metadata }) };
}
