import { exampleOf } from '../../rules/field.js';
import { CallbackRecord } from './callback-record.js';
import { NotificationRecord } from './notification-record.js';
import { EventRecord, OperationRecord } from './operation-record.js';
import { PaymentRecord } from './payment-record.js';
import { RefundRecord } from './refund-record.js';
import { SubscriptionRecord } from './subscription-record.js';

/** A payment and its records, for the examples of the OpenAPI document. */

const REQUEST = { requestId: 'req_0199f2a4-c7cf-7d10-8e21-3a4b5c6d7e8f' };

export const PAYMENT_EXAMPLE = exampleOf(PaymentRecord, { subscriptionToken: undefined });

export const UNKNOWN_PAYMENT_EXAMPLE = exampleOf(PaymentRecord, {
  id: 'pay_0199f2a4-d3e5-7a42-9b10-4d5e6f708192',
  state: 'UNKNOWN',
  paymentId: undefined,
  shopTransactionId: 'order-1002',
  subscriptionToken: undefined,
  amount: 4500,
  createdAt: '2026-01-31T12:00:03.000Z',
  updatedAt: '2026-01-31T12:00:13.004Z',
  questions: 15,
  parkedAt: '2026-02-07T12:05:00.000Z',
});

export const REFUND_EXAMPLE = exampleOf(RefundRecord);

export const OPERATION_EXAMPLE = exampleOf(OperationRecord, {
  ...REQUEST,
  reason: undefined,
  idempotencyKey: 'order-1001-attempt-1',
  answer: { result: 'OK', paymentId: 'pm_7f3a' },
  payment: PAYMENT_EXAMPLE.id,
});

export const UNKNOWN_OPERATION_EXAMPLE = exampleOf(OperationRecord, {
  ...REQUEST,
  id: 'op_0199f2a4-e0aa-7c13-8d24-1a2b3c4d5e6f',
  operation: 'subscription/expire',
  state: 'unknown',
  idempotencyKey: 'cancel-77',
  createdAt: '2026-01-31T12:10:00.000Z',
  finishedAt: '2026-01-31T12:10:10.003Z',
  answerStatus: 504,
});

export const EVENT_EXAMPLE = exampleOf(EventRecord, { cause: OPERATION_EXAMPLE.id });

export const CALLBACK_EXAMPLE = exampleOf(CallbackRecord, {
  ...REQUEST,
  body: { paymentId: 'pm_7f3a', event: 'settled' },
});

export const NOTIFICATION_EXAMPLE = exampleOf(NotificationRecord, {
  ...REQUEST,
  payload: {
    status: 'ACCEPTED',
    paymentId: 'pm_7f3a',
    shopTransactionId: 'order-1001',
    providerName: 'acme',
  },
  attempts: 1,
  updatedAt: '2026-01-31T12:01:00.112Z',
  deliveredAt: '2026-01-31T12:01:00.112Z',
});

export const SUBSCRIPTION_EXAMPLE = exampleOf(SubscriptionRecord);

export const NEXT_CURSOR_EXAMPLE = '3q2-7wMCcGF5XzAxOTlmMmE0LWM3ZDEtN2IzZS04ZjVhLTJjN2Y1ZDhlOWExMA';
