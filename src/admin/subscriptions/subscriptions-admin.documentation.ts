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
  description: 'The newest first. Filters may be combined.',
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
  summary: 'Settle a subscription by hand',
  description:
    'For a subscription that is parked: nobody asks for it any more, and how it stands is known from elsewhere. Its payment, where that ' +
    'is UNKNOWN too, is settled on its own.',
  request: {
    type: SubscriptionResolutionRequest,
    examples: {
      active: {
        summary: 'It was begun',
        value: { status: 'ACTIVE', subscriptionToken: 'sub_91c2', reason: 'acme’s support, ticket 4712' },
      },
      failed: { summary: 'It never was', value: { status: 'FAILED', reason: 'acme’s support, ticket 4712' } },
    },
  },
  answer: {
    type: SubscriptionRecord,
    examples: { settled: { summary: 'As it is now', value: SUBSCRIPTION_EXAMPLE } },
  },
  problems: ['not-found', 'conflict'],
};
