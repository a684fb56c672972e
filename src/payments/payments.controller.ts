import { Controller, Get, Param, Post, Res, UseGuards } from '@nestjs/common';
import type { Response } from 'express';
import { ContractBody } from '../http/contract-body.js';
import { sendJson, sendOperationAnswer } from '../http/http-answer.js';
import { NoHeadGuard } from '../http/no-head.guard.js';
import { DescribeOperation } from '../http/openapi/operation-description.js';
import { Caller, PaymentIdQuery } from '../http/request-parameters.js';
import type { CallerContext } from '../http/caller-context.js';
import { ExternalGuard } from '../providers/external.guard.js';
import { RequireScope } from '../security/scope.js';
import { PayRequest, RefundRequest } from './payment-requests.js';
import { CHECK, PAY, PAY_BY_LINK, REFUND, STATUS } from './payments.documentation.js';
import { PaymentsService } from './payments.service.js';
import { RefundsService } from './refunds.service.js';

@Controller('v3/:external')
@UseGuards(ExternalGuard)
export class PaymentsController {
  constructor(
    private readonly payments: PaymentsService,
    private readonly refunds: RefundsService,
  ) {}

  @Post('pay')
  @DescribeOperation(PAY)
  @RequireScope('payments')
  async pay(
    @Param('external') external: string,
    @Caller() caller: CallerContext,
    @ContractBody(PayRequest) body: PayRequest,
    @Res() response: Response,
  ): Promise<void> {
    sendOperationAnswer(response, await this.payments.pay(external, body, caller));
  }

  @Post('pay-by-link')
  @DescribeOperation(PAY_BY_LINK)
  @RequireScope('payments')
  async payByLink(
    @Param('external') external: string,
    @Caller() caller: CallerContext,
    @ContractBody(PayRequest) body: PayRequest,
    @Res() response: Response,
  ): Promise<void> {
    sendOperationAnswer(response, await this.payments.payByLink(external, body, caller));
  }

  @Post('refund')
  @DescribeOperation(REFUND)
  @RequireScope('refunds')
  async refund(
    @Param('external') external: string,
    @Caller() caller: CallerContext,
    @ContractBody(RefundRequest) body: RefundRequest,
    @Res() response: Response,
  ): Promise<void> {
    sendOperationAnswer(response, await this.refunds.refund(external, body, caller));
  }

  @Get('status')
  @DescribeOperation(STATUS)
  @RequireScope('read')
  async status(
    @Param('external') external: string,
    @Caller() caller: CallerContext,
    @PaymentIdQuery() paymentId: string,
    @Res() response: Response,
  ): Promise<void> {
    sendJson(response, await this.payments.status(external, paymentId, caller));
  }

  @Get('check')
  @UseGuards(NoHeadGuard)
  @DescribeOperation(CHECK)
  @RequireScope('read')
  async check(
    @Param('external') external: string,
    @Caller() caller: CallerContext,
    @PaymentIdQuery() paymentId: string,
    @Res() response: Response,
  ): Promise<void> {
    sendJson(response, await this.payments.check(external, paymentId, caller));
  }
}
