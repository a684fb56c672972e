import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { Caller, type CallerContext } from '../http/caller-context.js';
import type { OperationAnswer } from '../http/http-answer.js';
import { JsonBody } from '../http/json-body.decorator.js';
import { NoHeadGuard } from '../http/no-head.guard.js';
import { DescribeOperation } from '../http/openapi/operation-description.js';
import { RefundQuery } from '../http/request-parameters.js';
import { RequireScope } from '../http/require-scope.decorator.js';
import type { ExternalProvider } from '../providers/external-provider.js';
import { External, ExternalGuard } from '../providers/external.guard.js';
import { RefundRequest } from './refund-request.js';
import type { RefundStatus } from './refund-status.js';
import { REFUND, REFUND_STATUS } from './refunds.documentation.js';
import { type RefundName, RefundsService } from './refunds.service.js';

@Controller('v3/:external/refund')
@UseGuards(ExternalGuard)
export class RefundsController {
  constructor(private readonly refunds: RefundsService) {}

  @Post()
  @DescribeOperation(REFUND)
  @RequireScope('refunds')
  refund(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @JsonBody() body: RefundRequest,
  ): Promise<OperationAnswer> {
    return this.refunds.refund(provider, { request: body }, caller);
  }

  @Get('status')
  @UseGuards(NoHeadGuard)
  @DescribeOperation(REFUND_STATUS)
  @RequireScope('read')
  status(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @RefundQuery() name: RefundName,
  ): Promise<RefundStatus> {
    return this.refunds.status(provider, name, caller);
  }
}
