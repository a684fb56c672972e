import { Controller, Get, Post } from '@nestjs/common';
import { Caller, type CallerContext } from '../../http/caller-context.js';
import type { OperationAnswer } from '../../http/http-answer.js';
import { JsonBody } from '../../http/json-body.decorator.js';
import { type Operator, OperatorOf } from '../../audit/operator.js';
import { DescribeOperation, type OperationDescription } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { StatusQueryLog } from '../../operations/status-query.log.js';
import { Store } from '../../persistence/store.js';
import { OPERATIONS } from '../../config/external-operation.js';
import { RefundResult } from '../../refunds/refund-result.js';
import { notFound, OwnId } from '../admin-parameters.js';
import {
  CALLBACK_EXAMPLE,
  EVENT_EXAMPLE,
  NOTIFICATION_EXAMPLE,
  OPERATION_EXAMPLE,
  PAYMENT_EXAMPLE,
} from '../records/examples.js';
import { PaymentRecord } from '../records/payment-record.js';
import { PaymentCheck } from './payment-check.service.js';
import { PaymentRefundRequest } from './payment-refund-request.js';
import { PaymentRefund } from './payment-refund.service.js';
import { PaymentDetail, paymentDetail } from './payment-detail.js';
import { readPaymentParts } from './payment-parts.js';

const GET_PAYMENT: OperationDescription = {
  id: 'getPayment',
  tag: 'Admin',
  summary: 'Retrieve a payment and its history',
  description:
    'A payment with its refunds, operations, callbacks and notifications; `story` has all of it in order of time.',
  answer: {
    type: PaymentDetail,
    examples: {
      accepted: {
        summary: 'A payment with a callback and a notification',
        value: {
          ...PAYMENT_EXAMPLE,
          story: [
            {
              at: PAYMENT_EXAMPLE.createdAt,
              what: 'payment-created',
              id: PAYMENT_EXAMPLE.id,
              text: 'pay by shop: 1299 EUR (minor units)',
            },
            {
              at: EVENT_EXAMPLE.at,
              what: 'payment-changed',
              id: PAYMENT_EXAMPLE.id,
              text: `CREATED → ACCEPTED, by call (${OPERATION_EXAMPLE.id})`,
            },
          ],
          refunds: [],
          operations: [OPERATION_EXAMPLE],
          events: [EVENT_EXAMPLE],
          callbacks: [CALLBACK_EXAMPLE],
          notifications: [
            {
              ...NOTIFICATION_EXAMPLE,
              deliveries: [{ attempt: 1, at: '2026-01-31T12:01:00.100Z', status: 200, durationMs: 12 }],
              replays: [],
            },
          ],
          queries: [],
          truncated: [],
        },
      },
    },
  },
  problems: ['not-found'],
};

const CHECK_PAYMENT: OperationDescription = {
  id: 'checkPaymentById',
  tag: 'Admin',
  summary: 'Check a payment by its gateway id',
  description:
    'Queries the external now, as `/v3/{external}/check` does: the ledger is updated, and a notification is queued.',
  calls: OPERATIONS.status,
  answer: {
    type: PaymentRecord,
    examples: { settled: { summary: 'The current record', value: PAYMENT_EXAMPLE } },
  },
  problems: ['not-found', 'conflict'],
};

const REFUND_PAYMENT: OperationDescription = {
  id: 'refundPaymentById',
  tag: 'Admin',
  summary: 'Refund a payment by its gateway id',
  description:
    'Refunds a payment or a part of it, as `/v3/{external}/refund` does; without `amount`, all that is not refunded yet. Needs an `Idempotency-Key`. The name of the credentials and the reason are recorded, and receivers of refunds are notified.',
  calls: OPERATIONS.refund,
  needsKey: true,
  request: {
    type: PaymentRefundRequest,
    examples: {
      whole: { summary: 'The whole payment', value: { reason: 'Paid twice, ticket 4711' } },
      part: { summary: 'A part', value: { amount: 500, reason: 'One of two items was broken' } },
    },
  },
  answer: {
    type: RefundResult,
    description: 'The refund was executed or declined, or is pending',
    examples: { OK: { summary: 'Refunded', value: { result: 'OK', refundId: 're_5d10' } } },
  },
  problems: ['not-found', 'conflict', 'refund-exceeds-payment'],
};

/** One payment and its history. */
@Controller('admin/payments')
export class PaymentsAdminController {
  constructor(
    private readonly store: Store,
    private readonly checks: PaymentCheck,
    private readonly refunds: PaymentRefund,
    private readonly queries: StatusQueryLog,
  ) {}

  @Get(':id')
  @RequireScope('admin-read')
  @DescribeOperation(GET_PAYMENT)
  async get(@OwnId('pay') id: string): Promise<PaymentDetail> {
    await this.queries.settled();
    const parts = await this.store.read((db) => readPaymentParts(db, id));
    if (!parts) throw notFound();
    return paymentDetail(parts);
  }

  @Post(':id/check')
  @RequireScope('admin-act')
  @DescribeOperation(CHECK_PAYMENT)
  check(@OwnId('pay') id: string, @OperatorOf() operator: Operator): Promise<PaymentRecord> {
    return this.checks.check(id, operator);
  }

  @Post(':id/refund')
  @RequireScope('admin-settle')
  @DescribeOperation(REFUND_PAYMENT)
  refund(
    @OwnId('pay') id: string,
    @OperatorOf() operator: Operator,
    @Caller() caller: CallerContext,
    @JsonBody() body: PaymentRefundRequest,
  ): Promise<OperationAnswer> {
    return this.refunds.refund(id, body, operator, caller);
  }
}
