import type { OperationDescription } from '../../http/openapi/operation-description.js';
import { documentedQuery } from '../lists/list-query.js';
import { SUBSCRIPTION_EXAMPLE } from '../records/examples.js';
import { SubscriptionPage, SubscriptionRecord } from '../records/subscription-record.js';
import { SubscriptionResolutionRequest } from '../resolutions/resolution-requests.js';
import { SubscriptionQuery } from './subscription-list.repository.js';

export const LIST_SUBSCRIPTIONS: OperationDescription = {
  id: 'listSubscriptions',
  tag: 'Admin',
  summary: 'List subscriptions',
  description: 'Lists subscriptions, newest first. Filters can be combined.',
  query: documentedQuery(SubscriptionQuery),
  answer: {
    type: SubscriptionPage,
    examples: {
      page: { summary: 'The only page', value: { items: [SUBSCRIPTION_EXAMPLE], nextCursor: null } },
    },
  },
};

export const RESOLVE_SUBSCRIPTION: OperationDescription = {
  id: 'resolveSubscription',
  tag: 'Admin',
  summary: 'Resolve a subscription',
  description:
    'Records the state of a parked subscription, which is no longer queried, when it is known from another source. A payment of it that is UNKNOWN too is resolved separately.',
  request: {
    type: SubscriptionResolutionRequest,
    examples: {
      active: {
        summary: 'The subscription was started',
        value: { status: 'ACTIVE', subscriptionToken: 'sub_91c2', reason: 'acme’s support, ticket 4712' },
      },
      failed: {
        summary: 'The subscription was never started',
        value: { status: 'FAILED', reason: 'acme’s support, ticket 4712' },
      },
    },
  },
  answer: {
    type: SubscriptionRecord,
    examples: { settled: { summary: 'The current record', value: SUBSCRIPTION_EXAMPLE } },
  },
  problems: ['not-found', 'conflict'],
};
