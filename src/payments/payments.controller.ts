import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { JsonBody } from '../http/json-body.decorator.js';
import type { OperationAnswer } from '../http/http-answer.js';
import { NoHeadGuard } from '../http/no-head.guard.js';
import { DescribeOperation } from '../http/openapi/operation-description.js';
import { PaymentQuery, type PaymentQueryValue } from '../http/request-parameters.js';
import { Caller, type CallerContext } from '../http/caller-context.js';
import type { ExternalProvider } from '../providers/external-provider.js';
import { External, ExternalGuard } from '../providers/external.guard.js';
import { RequireScope } from '../http/require-scope.decorator.js';
import { CancelRequest, PayRequest } from './payment-requests.js';
import { CANCEL, CHECK, PAY, PAY_BY_LINK, STATUS } from './payments.documentation.js';
import type { PaymentStatus } from './payment-status.js';
import { PaymentsService } from './payments.service.js';

@Controller('v3/:external')
@UseGuards(ExternalGuard)
export class PaymentsController {
  constructor(private readonly payments: PaymentsService) {}

  @Post('pay')
  @DescribeOperation(PAY)
  @RequireScope('payments')
  pay(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @JsonBody() body: PayRequest,
  ): Promise<OperationAnswer> {
    return this.payments.pay(provider, body, caller);
  }

  @Post('pay-by-link')
  @DescribeOperation(PAY_BY_LINK)
  @RequireScope('payments')
  payByLink(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @JsonBody() body: PayRequest,
  ): Promise<OperationAnswer> {
    return this.payments.payByLink(provider, body, caller);
  }

  @Post('cancel')
  @DescribeOperation(CANCEL)
  @RequireScope('payments')
  cancel(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @JsonBody() body: CancelRequest,
  ): Promise<OperationAnswer> {
    return this.payments.cancel(provider, body, caller);
  }

  @Get('status')
  @DescribeOperation(STATUS)
  @RequireScope('read')
  status(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @PaymentQuery() query: PaymentQueryValue,
  ): Promise<PaymentStatus> {
    return this.payments.status(provider, query, caller);
  }

  @Get('check')
  @UseGuards(NoHeadGuard)
  @DescribeOperation(CHECK)
  @RequireScope('read')
  check(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @PaymentQuery() query: PaymentQueryValue,
  ): Promise<PaymentStatus> {
    return this.payments.check(provider, query, caller);
  }
}
