import { Controller, Get } from '@nestjs/common';
import { DescribeOperation, type OperationDescription } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { invalid } from '../../http/request-parameters.js';
import { Store } from '../../persistence/store.js';
import { exampleOf, QueryField } from '../../rules/field.js';
import { issuedIdentifier } from '../../rules/rules.js';
import { AdminQuery } from '../admin-parameters.js';
import { documentedQuery } from '../lists/list-query.js';
import { SEARCHED_NAMES, SearchHit, SearchResult } from './search-result.js';
import { search } from './search.js';

class SearchQuery {
  @QueryField(issuedIdentifier, { description: 'The text to find, whole.', example: 'order-1001' })
  q?: string;
}

const SEARCH: OperationDescription = {
  id: 'search',
  tag: 'Admin',
  summary: 'Find items by any of their ids',
  description:
    'Finds payments, refunds, subscriptions, operations, notifications, callbacks and acts of operators by the gateway’s own id, `paymentId`, `shopTransactionId`, `refundId`, `subscriptionToken`, request id or trace id. Request ids that the gateway made and all other ids are found at any age; other request ids and trace ids among the newest 10,000 operations and callbacks.',
  query: documentedQuery(SearchQuery).map((parameter) => ({ ...parameter, required: true })),
  answer: {
    type: SearchResult,
    examples: {
      order: {
        summary: 'The payment of an order',
        value: { searched: [...SEARCHED_NAMES], items: [exampleOf(SearchHit)] },
      },
    },
  },
};

/** `/admin/search`: one box for every id. */
@Controller('admin/search')
export class SearchController {
  constructor(private readonly store: Store) {}

  @Get()
  @RequireScope('admin-read')
  @DescribeOperation(SEARCH)
  find(@AdminQuery() { q }: SearchQuery): Promise<SearchResult> {
    if (q === undefined) throw invalid('/query/q', 'is missing');
    return this.store.read((db) => search(db, q));
  }
}
