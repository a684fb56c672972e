import { Controller, Get, Post, Res } from '@nestjs/common';
import type { Response } from 'express';
import { ContractBody } from '../../http/contract-body.js';
import { sendJson } from '../../http/http-answer.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../security/scope.js';
import { AdminLists } from '../admin-lists.service.js';
import { AdminQuery, OperatorOf, OwnId } from '../admin-parameters.js';
import type { Operator } from '../resolutions/operator.js';
import { SubscriptionResolutionRequest } from '../resolutions/resolution-requests.js';
import { SubscriptionResolution } from '../resolutions/subscription-resolution.service.js';
import { SubscriptionQuery } from './subscription-list.repository.js';
import { LIST_SUBSCRIPTIONS, RESOLVE_SUBSCRIPTION } from './subscriptions-admin.documentation.js';

@Controller('admin/subscriptions')
@RequireScope('admin')
export class SubscriptionsAdminController {
  constructor(
    private readonly lists: AdminLists,
    private readonly resolutions: SubscriptionResolution,
  ) {}

  @Get()
  @DescribeOperation(LIST_SUBSCRIPTIONS)
  async list(
    @AdminQuery(SubscriptionQuery) query: SubscriptionQuery,
    @Res() response: Response,
  ): Promise<void> {
    sendJson(response, await this.lists.subscriptions(query));
  }

  @Post(':id/resolve')
  @DescribeOperation(RESOLVE_SUBSCRIPTION)
  async resolve(
    @OwnId('sub') id: string,
    @OperatorOf() operator: Operator,
    @ContractBody(SubscriptionResolutionRequest) body: SubscriptionResolutionRequest,
    @Res() response: Response,
  ): Promise<void> {
    sendJson(response, await this.resolutions.resolve(id, body, operator));
  }
}
