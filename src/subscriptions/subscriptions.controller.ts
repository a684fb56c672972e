import { Controller, Delete, Get, Param, Post, Res, UseGuards } from '@nestjs/common';
import type { Response } from 'express';
import { ContractBody } from '../http/contract-body.js';
import { sendJson, sendOperationAnswer } from '../http/http-answer.js';
import { DescribeOperation } from '../http/openapi/operation-description.js';
import { Caller, SubscriptionTokenParam } from '../http/request-parameters.js';
import type { CallerContext } from '../http/caller-context.js';
import { ExternalGuard } from '../providers/external.guard.js';
import { RequireScope } from '../security/scope.js';
import {
  SubscriptionPayRequest,
  SubscriptionStartRequest,
  SubscriptionUpdateRequest,
} from './subscription-requests.js';
import { EXPIRE, PAY, SCHEDULE, START, STATUS, UPDATE } from './subscriptions.documentation.js';
import { SubscriptionsService } from './subscriptions.service.js';

@Controller('v3/:external/subscription')
@UseGuards(ExternalGuard)
export class SubscriptionsController {
  constructor(private readonly subscriptions: SubscriptionsService) {}

  @Post('schedule')
  @DescribeOperation(SCHEDULE)
  @RequireScope('subscriptions')
  async schedule(
    @Param('external') external: string,
    @Caller() caller: CallerContext,
    @ContractBody(SubscriptionStartRequest) body: SubscriptionStartRequest,
    @Res() response: Response,
  ): Promise<void> {
    sendOperationAnswer(response, await this.subscriptions.schedule(external, body, caller));
  }

  @Post('start')
  @DescribeOperation(START)
  @RequireScope('subscriptions')
  async start(
    @Param('external') external: string,
    @Caller() caller: CallerContext,
    @ContractBody(SubscriptionStartRequest) body: SubscriptionStartRequest,
    @Res() response: Response,
  ): Promise<void> {
    sendOperationAnswer(response, await this.subscriptions.start(external, body, caller));
  }

  @Post('pay')
  @DescribeOperation(PAY)
  @RequireScope('subscriptions')
  async pay(
    @Param('external') external: string,
    @Caller() caller: CallerContext,
    @ContractBody(SubscriptionPayRequest) body: SubscriptionPayRequest,
    @Res() response: Response,
  ): Promise<void> {
    sendOperationAnswer(response, await this.subscriptions.pay(external, body, caller));
  }

  @Post('update/:subscriptionToken')
  @DescribeOperation(UPDATE)
  @RequireScope('subscriptions')
  async update(
    @Param('external') external: string,
    @Caller() caller: CallerContext,
    @SubscriptionTokenParam() token: string,
    @ContractBody(SubscriptionUpdateRequest) body: SubscriptionUpdateRequest,
    @Res() response: Response,
  ): Promise<void> {
    sendOperationAnswer(response, await this.subscriptions.update(external, token, body, caller));
  }

  @Get('status/:subscriptionToken')
  @DescribeOperation(STATUS)
  @RequireScope('read')
  async status(
    @Param('external') external: string,
    @Caller() caller: CallerContext,
    @SubscriptionTokenParam() token: string,
    @Res() response: Response,
  ): Promise<void> {
    sendJson(response, await this.subscriptions.status(external, token, caller));
  }

  @Delete('expire/:subscriptionToken')
  @DescribeOperation(EXPIRE)
  @RequireScope('subscriptions')
  async expire(
    @Param('external') external: string,
    @Caller() caller: CallerContext,
    @SubscriptionTokenParam() token: string,
    @Res() response: Response,
  ): Promise<void> {
    sendOperationAnswer(response, await this.subscriptions.expire(external, token, caller));
  }
}
