import { Controller, Post } from '@nestjs/common';
import { JsonBody } from '../../http/json-body.decorator.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { OperatorOf, OwnId } from '../admin-parameters.js';
import type { OperationRecord } from '../records/operation-record.js';
import type { PaymentRecord } from '../records/payment-record.js';
import type { RefundRecord } from '../records/refund-record.js';
import type { SubscriptionRecord } from '../records/subscription-record.js';
import { OperationResolution } from './operation-resolution.service.js';
import type { Operator } from './operator.js';
import { PaymentResolution } from './payment-resolution.service.js';
import { RefundResolution } from './refund-resolution.service.js';
import {
  OperationResolutionRequest,
  PaymentResolutionRequest,
  RefundResolutionRequest,
  SubscriptionResolutionRequest,
} from './resolution-requests.js';
import {
  RESOLVE_OPERATION,
  RESOLVE_PAYMENT,
  RESOLVE_REFUND,
  RESOLVE_SUBSCRIPTION,
} from './resolutions.documentation.js';
import { SubscriptionResolution } from './subscription-resolution.service.js';

/** Operators record outcomes that they know from another source (SPEC §4). */
@Controller('admin')
@RequireScope('admin')
export class ResolutionsController {
  constructor(
    private readonly payments: PaymentResolution,
    private readonly refunds: RefundResolution,
    private readonly subscriptions: SubscriptionResolution,
    private readonly operations: OperationResolution,
  ) {}

  @Post('payments/:id/resolve')
  @DescribeOperation(RESOLVE_PAYMENT)
  payment(
    @OwnId('pay') id: string,
    @OperatorOf() operator: Operator,
    @JsonBody() body: PaymentResolutionRequest,
  ): Promise<PaymentRecord> {
    return this.payments.resolve(id, body, operator);
  }

  @Post('refunds/:id/resolve')
  @DescribeOperation(RESOLVE_REFUND)
  refund(
    @OwnId('ref') id: string,
    @OperatorOf() operator: Operator,
    @JsonBody() body: RefundResolutionRequest,
  ): Promise<RefundRecord> {
    return this.refunds.resolve(id, body, operator);
  }

  @Post('subscriptions/:id/resolve')
  @DescribeOperation(RESOLVE_SUBSCRIPTION)
  subscription(
    @OwnId('sub') id: string,
    @OperatorOf() operator: Operator,
    @JsonBody() body: SubscriptionResolutionRequest,
  ): Promise<SubscriptionRecord> {
    return this.subscriptions.resolve(id, body, operator);
  }

  @Post('operations/:id/resolve')
  @DescribeOperation(RESOLVE_OPERATION)
  operation(
    @OwnId('op') id: string,
    @OperatorOf() operator: Operator,
    @JsonBody() body: OperationResolutionRequest,
  ): Promise<OperationRecord> {
    return this.operations.resolve(id, body, operator);
  }
}
