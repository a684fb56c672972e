import { Controller, Delete, Get, Post, UseGuards } from '@nestjs/common';
import { ContractBody } from '../http/contract-body.js';
import type { OperationAnswer } from '../http/http-answer.js';
import { DescribeOperation } from '../http/openapi/operation-description.js';
import { Caller, SubscriptionTokenParam } from '../http/request-parameters.js';
import type { CallerContext } from '../http/caller-context.js';
import type { ExternalProvider } from '../providers/external-provider.js';
import { External, ExternalGuard } from '../providers/external.guard.js';
import { RequireScope } from '../security/scope.js';
import {
  SubscriptionPayRequest,
  SubscriptionStartRequest,
  SubscriptionUpdateRequest,
} from './subscription-requests.js';
import { EXPIRE, PAY, SCHEDULE, START, STATUS, UPDATE } from './subscriptions.documentation.js';
import type { SubscriptionStatus } from './subscription-status.js';
import { SubscriptionsService } from './subscriptions.service.js';

@Controller('v3/:external/subscription')
@UseGuards(ExternalGuard)
export class SubscriptionsController {
  constructor(private readonly subscriptions: SubscriptionsService) {}

  @Post('schedule')
  @DescribeOperation(SCHEDULE)
  @RequireScope('subscriptions')
  schedule(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @ContractBody(SubscriptionStartRequest) body: SubscriptionStartRequest,
  ): Promise<OperationAnswer> {
    return this.subscriptions.schedule(provider, body, caller);
  }

  @Post('start')
  @DescribeOperation(START)
  @RequireScope('subscriptions')
  start(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @ContractBody(SubscriptionStartRequest) body: SubscriptionStartRequest,
  ): Promise<OperationAnswer> {
    return this.subscriptions.start(provider, body, caller);
  }

  @Post('pay')
  @DescribeOperation(PAY)
  @RequireScope('subscriptions')
  pay(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @ContractBody(SubscriptionPayRequest) body: SubscriptionPayRequest,
  ): Promise<OperationAnswer> {
    return this.subscriptions.pay(provider, body, caller);
  }

  @Post('update/:subscriptionToken')
  @DescribeOperation(UPDATE)
  @RequireScope('subscriptions')
  update(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @SubscriptionTokenParam() token: string,
    @ContractBody(SubscriptionUpdateRequest) body: SubscriptionUpdateRequest,
  ): Promise<OperationAnswer> {
    return this.subscriptions.update(provider, token, body, caller);
  }

  @Get('status/:subscriptionToken')
  @DescribeOperation(STATUS)
  @RequireScope('read')
  status(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @SubscriptionTokenParam() token: string,
  ): Promise<SubscriptionStatus> {
    return this.subscriptions.status(provider, token, caller);
  }

  @Delete('expire/:subscriptionToken')
  @DescribeOperation(EXPIRE)
  @RequireScope('subscriptions')
  expire(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @SubscriptionTokenParam() token: string,
  ): Promise<OperationAnswer> {
    return this.subscriptions.expire(provider, token, caller);
  }
}
