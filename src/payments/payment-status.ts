import { Field } from '../rules/field.js';
import { oneOf } from '../rules/rule.js';
import { anyJson, count, identifier, issuedIdentifier } from '../rules/rules.js';
import { DescribeNotification } from '../http/openapi/notification-webhook.js';
import type { Examples } from '../http/openapi/operation-description.js';
import type { PaymentStatusAnswer, PaymentStatusName } from '../providers/answers.js';
import type { JsonValue } from '../shared/json.js';
import type { PaymentState } from './payment-state.js';

export const PAYMENT_STATUS_EXAMPLES: Examples = {
  ACCEPTED: {
    summary: 'Paid',
    value: {
      status: 'ACCEPTED',
      paymentId: 'pm_7f3a',
      shopTransactionId: 'order-1001',
      providerName: 'simulator',
      metadata: { scheme: 'visa' },
    },
  },
  FAILED: {
    summary: 'Not paid',
    value: {
      status: 'FAILED',
      paymentId: 'pm_7f3a',
      shopTransactionId: 'order-1001',
      providerName: 'simulator',
    },
  },
  PENDING: {
    summary: 'Not decided yet',
    value: {
      status: 'PENDING',
      paymentId: 'pm_7f3a',
      shopTransactionId: 'order-1001',
      providerName: 'simulator',
    },
  },
};

/** A payment's status as callers get it (SPEC §1). */
export class PaymentStatus {
  @Field(oneOf(['ACCEPTED', 'FAILED', 'PENDING']), { example: 'ACCEPTED' })
  status: PaymentStatusName;

  @Field(issuedIdentifier, {
    optional: true,
    description:
      'Absent where the payment was never executed, or its id is not known: go by `shopTransactionId`.',
    example: 'pm_7f3a',
  })
  paymentId?: string;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'Absent only where neither the external nor the gateway knows it.',
    example: 'order-1001',
  })
  shopTransactionId?: string;

  @Field(identifier, { description: 'The `{external}` name.', example: 'simulator' })
  providerName: string;

  @Field(anyJson, {
    optional: true,
    description: 'Data of the external; what repeats `providerData` is masked.',
  })
  metadata?: JsonValue;

  @Field(anyJson, {
    optional: true,
    description: 'Data of the external; what repeats `providerData` is masked.',
  })
  action?: JsonValue;
}

/** A payment's status as the receiver gets it (SPEC §5). */
@DescribeNotification('payment', notificationExamples())
export class PaymentNotification extends PaymentStatus {
  @Field(count, {
    description:
      'Grows with each notification of a payment: ignore a notification with a lower version than the last one.',
    example: 3,
  })
  version: number;
}

function withVersion(example: Examples[string], version: number): Examples[string] {
  return { ...example, value: { ...(example.value as object), version } };
}

function notificationExamples(): Examples {
  const { ACCEPTED, FAILED, PENDING } = PAYMENT_STATUS_EXAMPLES;
  const { paymentId: _absent, ...neverExecuted } = FAILED!.value as PaymentStatus;
  return {
    ACCEPTED: withVersion(ACCEPTED!, 3),
    FAILED: withVersion(FAILED!, 2),
    NEVER_EXECUTED: withVersion({ summary: 'Never executed', value: neverExecuted }, 2),
    PENDING: withVersion(PENDING!, 1),
  };
}

/**
 * The status that callers and the receiver get. Adds the fields that the external omitted. `status` may be newer than
 * the answer's. `paymentId` is absent only if it is unknown.
 */
export function paymentStatus<PaymentId extends string | undefined>(
  answer: PaymentStatusAnswer,
  known: {
    readonly paymentId: PaymentId;
    readonly shopTransactionId: string | null | undefined;
    readonly providerName: string;
    readonly status?: PaymentStatusName;
  },
): PaymentStatus & (PaymentId extends string ? { readonly paymentId: string } : object) {
  const shopTransactionId = answer.shopTransactionId ?? known.shopTransactionId ?? undefined;
  const status = known.status ?? answer.status;
  return {
    status,
    ...(known.paymentId !== undefined && { paymentId: known.paymentId }),
    ...(shopTransactionId !== undefined && { shopTransactionId }),
    providerName: known.providerName,
    ...(answer.metadata !== undefined && { metadata: answer.metadata }),
    // The action that the external requires of the payer belongs to the status that it answered, not to a newer one.
    ...(answer.action !== undefined && status === answer.status && { action: answer.action }),
  } as never;
}

/**
 * The ledger's state if it is decided, so that no reported status is older than the ledger; else the answered status.
 */
export function reportedStatus(state: PaymentState, answered: PaymentStatusName): PaymentStatusName {
  return state === 'ACCEPTED' || state === 'FAILED' || state === 'PENDING' ? state : answered;
}
