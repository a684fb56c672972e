import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ContractBody } from '../../http/contract-body.js';
import { sendJson } from '../../http/http-answer.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../security/scope.js';
import { AdminLists } from '../admin-lists.service.js';
import { AdminQuery, OperatorOf, OwnId } from '../admin-parameters.js';
import { prefersCsv, sendPaymentsAsCsv } from './payment-csv.js';
import { PaymentQuery } from './payment-filter.js';
import {
  CHECK_PAYMENT,
  GET_PAYMENT,
  LIST_PAYMENTS,
  RESOLVE_PAYMENT,
} from './payments-admin.documentation.js';
import { PaymentCheck } from './payment-check.service.js';
import { PaymentDetails } from './payment-details.service.js';
import type { Operator } from '../resolutions/operator.js';
import { PaymentResolution } from '../resolutions/payment-resolution.service.js';
import { PaymentResolutionRequest } from '../resolutions/resolution-requests.js';

/** "Where is my payment?" (SPEC §8). */
@Controller('admin/payments')
@RequireScope('admin')
export class PaymentsAdminController {
  constructor(
    private readonly lists: AdminLists,
    private readonly details: PaymentDetails,
    private readonly checks: PaymentCheck,
    private readonly resolutions: PaymentResolution,
  ) {}

  @Get()
  @DescribeOperation(LIST_PAYMENTS)
  async list(
    @AdminQuery(PaymentQuery) query: PaymentQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    response.setHeader('Vary', 'Accept');
    const page = await this.lists.payments(query);
    if (prefersCsv(request)) sendPaymentsAsCsv(request, response, page);
    else sendJson(response, page);
  }

  @Get(':id')
  @DescribeOperation(GET_PAYMENT)
  async get(@OwnId('pay') id: string, @Res() response: Response): Promise<void> {
    sendJson(response, await this.details.of(id));
  }

  @Post(':id/check')
  @DescribeOperation(CHECK_PAYMENT)
  async check(
    @OwnId('pay') id: string,
    @OperatorOf() operator: Operator,
    @Res() response: Response,
  ): Promise<void> {
    sendJson(response, await this.checks.check(id, operator));
  }

  @Post(':id/resolve')
  @DescribeOperation(RESOLVE_PAYMENT)
  async resolve(
    @OwnId('pay') id: string,
    @OperatorOf() operator: Operator,
    @ContractBody(PaymentResolutionRequest) body: PaymentResolutionRequest,
    @Res() response: Response,
  ): Promise<void> {
    sendJson(response, await this.resolutions.resolve(id, body, operator));
  }
}
