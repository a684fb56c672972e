import type { OperationDescription } from '../../http/openapi/operation-description.js';
import { exampleOf } from '../../rules/field.js';
import { documentedQuery } from '../lists/list-query.js';
import { FeedData, FeedItem, FeedPage } from './feed-item.js';
import { FeedQuery } from './feed.query.js';

const ITEM = exampleOf(FeedItem, {
  data: exampleOf(FeedData, {
    refund: undefined,
    subscription: undefined,
    refundId: undefined,
    subscriptionToken: undefined,
  }),
});
const PAGE = exampleOf(FeedPage, { items: [ITEM] });

export const GET_FEED: OperationDescription = {
  id: 'getFeed',
  tag: 'Admin',
  summary: 'Read every change once',
  description:
    'All changes of payments, refunds and subscriptions in the order in which they were committed, for a data warehouse. None is left out and none comes twice, from any replica: keep `nextCursor` together with the data, in one transaction, and send it as `after`. A few more changes than `limit` may come, so that those of one payment stay in order. `data` is what is known when the feed is read; `before` and `state` are those of the change. `Accept: application/x-ndjson` gets a line for each change, and a last line with `nextCursor`.',
  query: documentedQuery(FeedQuery),
  answer: {
    type: FeedPage,
    examples: { changes: { summary: 'A payment was accepted', value: PAGE } },
    alternatives: {
      'application/x-ndjson': {
        schema: { type: 'string' },
        examples: {
          changes: {
            summary: 'The same, a line for each change',
            value: `${JSON.stringify(ITEM)}\n${JSON.stringify({ nextCursor: PAGE.nextCursor })}\n`,
          },
        },
      },
    },
  },
};
