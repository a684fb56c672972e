import type { OperationDescription } from '../../http/openapi/operation-description.js';
import { documentedQuery } from '../lists/list-query.js';
import { AttentionPage } from './attention-item.js';
import { AttentionQuery } from './attention.repository.js';

export const LIST_ATTENTION: OperationDescription = {
  id: 'listAttention',
  tag: 'Admin',
  summary: 'List items of attention',
  description:
    'Lists what an operator must resolve, newest first, each item with advice: payments that are UNKNOWN or parked; refunds that are UNKNOWN, or PENDING for a day; parked subscriptions; changes of subscriptions of unknown outcome; DEAD notifications; callbacks of the last 30 days that the external never confirmed, unless the end of their payment is known.',
  query: documentedQuery(AttentionQuery),
  answer: {
    type: AttentionPage,
    examples: {
      page: {
        summary: 'One payment',
        value: {
          items: [
            {
              kind: 'payment-unknown',
              id: 'pay_0199f2a4-d3e5-7a42-9b10-4d5e6f708192',
              external: 'acme',
              state: 'UNKNOWN',
              since: '2026-01-31T12:00:13.004Z',
              shopTransactionId: 'order-1002',
              amount: 4500,
              currency: 'EUR',
              advice:
                'It may have been executed. POST /admin/payments/{id}/check asks the external; where that tells nothing, find out from its people and POST /admin/payments/{id}/resolve.',
            },
          ],
          nextCursor: null,
        },
      },
    },
  },
};
