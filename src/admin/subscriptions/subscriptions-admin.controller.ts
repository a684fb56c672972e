import { Controller, Get, Post } from '@nestjs/common';
import { JsonBody } from '../../http/json-body.decorator.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { AdminLists } from '../admin-lists.service.js';
import { AdminQuery, OperatorOf, OwnId } from '../admin-parameters.js';
import type { Operator } from '../resolutions/operator.js';
import type { Page } from '../lists/keyset.js';
import type { SubscriptionRecord } from '../records/subscription-record.js';
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
  list(@AdminQuery(SubscriptionQuery) query: SubscriptionQuery): Promise<Page<SubscriptionRecord>> {
    return this.lists.subscriptions(query);
  }

  @Post(':id/resolve')
  @DescribeOperation(RESOLVE_SUBSCRIPTION)
  resolve(
    @OwnId('sub') id: string,
    @OperatorOf() operator: Operator,
    @JsonBody() body: SubscriptionResolutionRequest,
  ): Promise<SubscriptionRecord> {
    return this.resolutions.resolve(id, body, operator);
  }
}
