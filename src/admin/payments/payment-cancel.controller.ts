import { Controller, Post } from '@nestjs/common';
import { type Operator, OperatorOf } from '../../audit/operator.js';
import { OPERATIONS } from '../../config/external-operation.js';
import { Caller, type CallerContext } from '../../http/caller-context.js';
import type { OperationAnswer } from '../../http/http-answer.js';
import { JsonBody } from '../../http/json-body.decorator.js';
import { DescribeOperation, type OperationDescription } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { CancelAnswer } from '../../providers/answers.js';
import { Field } from '../../rules/field.js';
import { OwnId } from '../admin-parameters.js';
import { reason } from '../resolutions/resolution-requests.js';
import { PaymentCancel } from './payment-cancel.service.js';

/** POST `/admin/payments/{id}/cancel`. */
export class PaymentCancelRequest {
  @Field(reason, {
    description: 'Why the payment is cancelled. Kept for ever, with the name of the credentials.',
    example: 'The customer gave up, ticket 4711',
  })
  reason: string;
}

const CANCEL_PAYMENT: OperationDescription = {
  id: 'cancelPaymentById',
  tag: 'Admin',
  summary: 'Cancel a pending payment by its gateway id',
  description:
    'Cancels a payment that is PENDING, as `/v3/{external}/cancel` does, where the external offers it. Needs an `Idempotency-Key`. The name of the credentials and the reason are recorded.',
  calls: OPERATIONS.cancel,
  request: {
    type: PaymentCancelRequest,
    examples: {
      payment: { summary: 'A pending payment', value: { reason: 'The customer gave up, ticket 4711' } },
    },
  },
  answer: {
    type: CancelAnswer,
    description: 'The payment was cancelled or not, or its cancellation is pending',
    examples: { OK: { summary: 'Cancelled: it can no longer be paid', value: { result: 'OK' } } },
  },
  problems: ['not-found', 'conflict', 'payment-not-pending'],
};

@Controller('admin/payments')
export class PaymentCancelController {
  constructor(private readonly cancellations: PaymentCancel) {}

  @Post(':id/cancel')
  @RequireScope('admin-settle')
  @DescribeOperation(CANCEL_PAYMENT)
  cancel(
    @OwnId('pay') id: string,
    @OperatorOf() operator: Operator,
    @Caller() caller: CallerContext,
    @JsonBody() body: PaymentCancelRequest,
  ): Promise<OperationAnswer> {
    return this.cancellations.cancel(id, body.reason, operator, caller);
  }
}
