import { Controller, Post, UseGuards } from '@nestjs/common';
import { Caller, type CallerContext } from '../http/caller-context.js';
import { JsonBody } from '../http/json-body.decorator.js';
import type { OperationAnswer } from '../http/http-answer.js';
import { DescribeOperation } from '../http/openapi/operation-description.js';
import type { ExternalProvider } from '../providers/external-provider.js';
import { External, ExternalGuard } from '../providers/external.guard.js';
import { RequireScope } from '../http/require-scope.decorator.js';
import { RefundRequest } from './refund-request.js';
import { REFUND } from './refunds.documentation.js';
import { RefundsService } from './refunds.service.js';

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
    return this.refunds.refund(provider, body, caller);
  }
}
