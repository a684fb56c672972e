import type { CallbackRecord } from './callback-record.js';
import type { NotificationRecord } from './notification-record.js';
import type { EventRecord, OperationRecord } from './operation-record.js';
import type { PaymentRecord } from './payment-record.js';
import type { RefundRecord } from './refund-record.js';
import type { SubscriptionRecord } from './subscription-record.js';

/** One payment and what hangs on it, for the examples of `/documentation`. */

const TRACE = {
  requestId: 'req_0199f2a4-c7cf-7d10-8e21-3a4b5c6d7e8f',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
};

export const PAYMENT_EXAMPLE: PaymentRecord = {
  id: 'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10',
  external: 'acme',
  state: 'ACCEPTED',
  origin: 'pay',
  paymentId: 'pm_7f3a',
  shopTransactionId: 'order-1001',
  amount: 1299,
  currency: 'EUR',
  refundedAmount: 0,
  caller: 'shop',
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.150Z',
  questions: 0,
  traceId: TRACE.traceId,
};

export const UNKNOWN_PAYMENT_EXAMPLE: PaymentRecord = {
  id: 'pay_0199f2a4-d3e5-7a42-9b10-4d5e6f708192',
  external: 'acme',
  state: 'UNKNOWN',
  origin: 'pay',
  shopTransactionId: 'order-1002',
  amount: 4500,
  currency: 'EUR',
  refundedAmount: 0,
  caller: 'shop',
  createdAt: '2026-01-31T12:00:03.000Z',
  updatedAt: '2026-01-31T12:00:13.004Z',
  questions: 15,
  parkedAt: '2026-02-07T12:05:00.000Z',
};

export const REFUND_EXAMPLE: RefundRecord = {
  id: 'ref_0199f2a4-d0b3-7c11-9a44-5c1d8e9f0a21',
  payment: PAYMENT_EXAMPLE.id,
  external: 'acme',
  paymentId: 'pm_7f3a',
  state: 'OK',
  amount: 500,
  currency: 'EUR',
  caller: 'shop',
  createdAt: '2026-02-01T09:30:00.000Z',
  updatedAt: '2026-02-03T10:00:00.000Z',
};

export const OPERATION_EXAMPLE: OperationRecord = {
  id: 'op_0199f2a4-c7d0-7a02-b1c3-0f9e8d7c6b5a',
  external: 'acme',
  operation: 'pay',
  state: 'completed',
  caller: 'shop',
  idempotencyKey: 'order-1001-attempt-1',
  ...TRACE,
  createdAt: '2026-01-31T12:00:00.000Z',
  finishedAt: '2026-01-31T12:00:00.150Z',
  answerStatus: 200,
  answer: { result: 'OK', paymentId: 'pm_7f3a' },
  payment: PAYMENT_EXAMPLE.id,
};

export const UNKNOWN_OPERATION_EXAMPLE: OperationRecord = {
  id: 'op_0199f2a4-e0aa-7c13-8d24-1a2b3c4d5e6f',
  external: 'acme',
  operation: 'subscription/expire',
  state: 'unknown',
  reason: 'timeout',
  caller: 'shop',
  idempotencyKey: 'cancel-77',
  ...TRACE,
  createdAt: '2026-01-31T12:10:00.000Z',
  finishedAt: '2026-01-31T12:10:10.003Z',
  answerStatus: 504,
};

export const EVENT_EXAMPLE: EventRecord = {
  id: 'evt_0199f2a4-c867-7d21-8a3b-1b2c3d4e5f60',
  at: '2026-01-31T12:00:00.150Z',
  source: 'call',
  before: 'CREATED',
  after: 'ACCEPTED',
  cause: OPERATION_EXAMPLE.id,
};

export const CALLBACK_EXAMPLE: CallbackRecord = {
  id: 'cbk_0199f2a5-03a0-7e45-8c1d-2e3f4a5b6c7d',
  external: 'acme',
  paymentId: 'pm_7f3a',
  state: 'VERIFIED',
  method: 'POST',
  body: { paymentId: 'pm_7f3a', event: 'settled' },
  receivedAt: '2026-01-31T12:01:00.000Z',
  repeats: 0,
  lastReceivedAt: '2026-01-31T12:01:00.000Z',
  attempts: 1,
  finishedAt: '2026-01-31T12:01:00.080Z',
  shopTransactionId: 'order-1001',
  ...TRACE,
};

export const NOTIFICATION_EXAMPLE: NotificationRecord = {
  id: 'ntf_0199f2a5-04b2-7f10-9d2e-3f4a5b6c7d8e',
  payment: PAYMENT_EXAMPLE.id,
  external: 'acme',
  state: 'DELIVERED',
  version: 1,
  payload: {
    status: 'ACCEPTED',
    paymentId: 'pm_7f3a',
    shopTransactionId: 'order-1001',
    providerName: 'acme',
  },
  attempts: 1,
  createdAt: '2026-01-31T12:01:00.080Z',
  updatedAt: '2026-01-31T12:01:00.112Z',
  deliveredAt: '2026-01-31T12:01:00.112Z',
  ...TRACE,
};

export const SUBSCRIPTION_EXAMPLE: SubscriptionRecord = {
  id: 'sub_0199f2a4-e1f2-7034-8b5c-6d7e8f9a0b1c',
  external: 'acme',
  state: 'ACTIVE',
  subscriptionToken: 'sub_91c2',
  shopTransactionId: 'order-1003',
  amount: 999,
  currency: 'EUR',
  interval: 'MONTH',
  intervalCount: 1,
  caller: 'shop',
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.150Z',
  questions: 0,
};

export const NEXT_CURSOR_EXAMPLE = '3q2-7wMCcGF5XzAxOTlmMmE0LWM3ZDEtN2IzZS04ZjVhLTJjN2Y1ZDhlOWExMA';
