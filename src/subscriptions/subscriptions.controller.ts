import { Controller, Delete, Get, Post, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { HttpProblem } from '../http/http-problem.js';
import { JsonBody } from '../http/json-body.decorator.js';
import type { OperationAnswer } from '../http/http-answer.js';
import { DescribeOperation } from '../http/openapi/operation-description.js';
import { invalid, singleQueryValue, SubscriptionTokenParam } from '../http/request-parameters.js';
import { Caller, type CallerContext } from '../http/caller-context.js';
import type { ExpiryQuery, ExternalProvider } from '../providers/external-provider.js';
import { External, ExternalGuard } from '../providers/external.guard.js';
import { detailOf } from '../rules/rule.js';
import { identifier } from '../rules/rules.js';
import { RequireScope } from '../http/require-scope.decorator.js';
import {
  SubscriptionPayRequest,
  SubscriptionStartRequest,
  SubscriptionUpdateRequest,
} from './subscription-requests.js';
import {
  EXPIRE_SUBSCRIPTION,
  EXPIRE_SUBSCRIPTION_BY_POST,
  GET_SUBSCRIPTION_STATUS,
  PAY_SUBSCRIPTION,
  SCHEDULE_SUBSCRIPTION,
  START_SUBSCRIPTION,
  UPDATE_SUBSCRIPTION,
} from './subscriptions.documentation.js';
import type { SubscriptionStatus } from './subscription-status.js';
import { SubscriptionsService } from './subscriptions.service.js';

@Controller('v3/:external/subscription')
@UseGuards(ExternalGuard)
export class SubscriptionsController {
  constructor(private readonly subscriptions: SubscriptionsService) {}

  @Post('schedule')
  @DescribeOperation(SCHEDULE_SUBSCRIPTION)
  @RequireScope('subscriptions')
  schedule(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @JsonBody() body: SubscriptionStartRequest,
  ): Promise<OperationAnswer> {
    return this.subscriptions.schedule(provider, body, caller);
  }

  @Post('start')
  @DescribeOperation(START_SUBSCRIPTION)
  @RequireScope('subscriptions')
  start(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @JsonBody() body: SubscriptionStartRequest,
  ): Promise<OperationAnswer> {
    return this.subscriptions.start(provider, body, caller);
  }

  @Post('pay')
  @DescribeOperation(PAY_SUBSCRIPTION)
  @RequireScope('subscriptions')
  pay(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @JsonBody() body: SubscriptionPayRequest,
  ): Promise<OperationAnswer> {
    return this.subscriptions.pay(provider, body, caller);
  }

  @Post('update/:subscriptionToken')
  @DescribeOperation(UPDATE_SUBSCRIPTION)
  @RequireScope('subscriptions')
  update(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @SubscriptionTokenParam() token: string,
    @JsonBody() body: SubscriptionUpdateRequest,
  ): Promise<OperationAnswer> {
    return this.subscriptions.update(provider, token, body, caller);
  }

  @Get('status/:subscriptionToken')
  @DescribeOperation(GET_SUBSCRIPTION_STATUS)
  @RequireScope('read')
  status(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @SubscriptionTokenParam() token: string,
  ): Promise<SubscriptionStatus> {
    return this.subscriptions.status(provider, token, caller);
  }

  @Delete('expire/:subscriptionToken')
  @DescribeOperation(EXPIRE_SUBSCRIPTION)
  @RequireScope('subscriptions')
  expire(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @SubscriptionTokenParam() token: string,
    @Req() request: Request,
  ): Promise<OperationAnswer> {
    return this.subscriptions.expire(provider, token, expiryQuery(provider, request), caller);
  }

  /** As PGM 12.x shows it on some pages (docs/moving-from-pgm.md). The external is called with DELETE. */
  @Post('expire/:subscriptionToken')
  @DescribeOperation(EXPIRE_SUBSCRIPTION_BY_POST)
  @RequireScope('subscriptions')
  expireByPost(
    @External() provider: ExternalProvider,
    @Caller() caller: CallerContext,
    @SubscriptionTokenParam() token: string,
    @Req() request: Request,
  ): Promise<OperationAnswer> {
    if (provider.config.compatibility !== 'pgm-12')
      throw new HttpProblem('method-not-allowed', 'This path supports DELETE.', { Allow: 'DELETE' });
    return this.subscriptions.expire(provider, token, expiryQuery(provider, request), caller);
  }
}

/** The query that an external of `compatibility: pgm-12` gets with an expiry; undefined: none. */
function expiryQuery({ config }: ExternalProvider, request: Request): ExpiryQuery | undefined {
  if (config.compatibility !== 'pgm-12') return undefined;
  const query: Record<string, string> = {};
  for (const name of ['shopTransactionId', 'reference'] as const) {
    const value = singleQueryValue(request, name);
    if (value === undefined) continue;
    if (!identifier.accepts(value)) throw invalid(`/query/${name}`, detailOf(identifier));
    query[name] = value;
  }
  return Object.keys(query).length > 0 ? query : undefined;
}
