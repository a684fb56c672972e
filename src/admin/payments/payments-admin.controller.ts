import { Controller, Get, Header, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { JsonBody } from '../../http/json-body.decorator.js';
import type { TextAnswer } from '../../http/http-answer.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { AdminLists } from '../admin-lists.service.js';
import { AdminQuery, OperatorOf, OwnId } from '../admin-parameters.js';
import { paymentsAsCsv, prefersCsv } from './payment-csv.js';
import { PaymentQuery } from './payment-filter.js';
import {
  CHECK_PAYMENT,
  GET_PAYMENT,
  LIST_PAYMENTS,
  RESOLVE_PAYMENT,
} from './payments-admin.documentation.js';
import { PaymentCheck } from './payment-check.service.js';
import type { PaymentDetail } from './payment-detail.js';
import { PaymentDetails } from './payment-details.service.js';
import type { Operator } from '../resolutions/operator.js';
import type { Page } from '../lists/keyset.js';
import type { PaymentRecord } from '../records/payment-record.js';
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
  @Header('Vary', 'Accept')
  async list(
    @AdminQuery(PaymentQuery) query: PaymentQuery,
    @Req() request: Request,
  ): Promise<Page<PaymentRecord> | TextAnswer> {
    const page = await this.lists.payments(query);
    return prefersCsv(request) ? paymentsAsCsv(request, page) : page;
  }

  @Get(':id')
  @DescribeOperation(GET_PAYMENT)
  get(@OwnId('pay') id: string): Promise<PaymentDetail> {
    return this.details.of(id);
  }

  @Post(':id/check')
  @DescribeOperation(CHECK_PAYMENT)
  check(@OwnId('pay') id: string, @OperatorOf() operator: Operator): Promise<PaymentRecord> {
    return this.checks.check(id, operator);
  }

  @Post(':id/resolve')
  @DescribeOperation(RESOLVE_PAYMENT)
  resolve(
    @OwnId('pay') id: string,
    @OperatorOf() operator: Operator,
    @JsonBody() body: PaymentResolutionRequest,
  ): Promise<PaymentRecord> {
    return this.resolutions.resolve(id, body, operator);
  }
}
