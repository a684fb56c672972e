import { Controller, Post } from '@nestjs/common';
import { type Operator, OperatorOf } from '../../audit/operator.js';
import { JsonBody } from '../../http/json-body.decorator.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { OwnId } from '../admin-parameters.js';
import type { OperationRecord } from '../records/operation-record.js';
import type { PaymentRecord } from '../records/payment-record.js';
import type { RefundRecord } from '../records/refund-record.js';
import type { SubscriptionRecord } from '../records/subscription-record.js';
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
import { Resolutions } from './resolutions.service.js';

/** Operators record outcomes that they know from another source (SPEC §4). */
@Controller('admin')
@RequireScope('admin-settle')
export class ResolutionsController {
  constructor(private readonly resolutions: Resolutions) {}

  @Post('payments/:id/resolve')
  @DescribeOperation(RESOLVE_PAYMENT)
  payment(
    @OwnId('pay') id: string,
    @OperatorOf() operator: Operator,
    @JsonBody() body: PaymentResolutionRequest,
  ): Promise<PaymentRecord> {
    return this.resolutions.payment(id, body, operator);
  }

  @Post('refunds/:id/resolve')
  @DescribeOperation(RESOLVE_REFUND)
  refund(
    @OwnId('ref') id: string,
    @OperatorOf() operator: Operator,
    @JsonBody() body: RefundResolutionRequest,
  ): Promise<RefundRecord> {
    return this.resolutions.refund(id, body, operator);
  }

  @Post('subscriptions/:id/resolve')
  @DescribeOperation(RESOLVE_SUBSCRIPTION)
  subscription(
    @OwnId('sub') id: string,
    @OperatorOf() operator: Operator,
    @JsonBody() body: SubscriptionResolutionRequest,
  ): Promise<SubscriptionRecord> {
    return this.resolutions.subscription(id, body, operator);
  }

  @Post('operations/:id/resolve')
  @DescribeOperation(RESOLVE_OPERATION)
  operation(
    @OwnId('op') id: string,
    @OperatorOf() operator: Operator,
    @JsonBody() body: OperationResolutionRequest,
  ): Promise<OperationRecord> {
    return this.resolutions.operation(id, body, operator);
  }
}
