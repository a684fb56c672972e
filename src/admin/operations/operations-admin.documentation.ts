import type { OperationDescription } from '../../http/openapi/operation-description.js';
import { documentedQuery } from '../lists/list-query.js';
import { UNKNOWN_OPERATION_EXAMPLE } from '../records/examples.js';
import { OperationPage, OperationRecord } from '../records/operation-record.js';
import { OperationResolutionRequest } from '../resolutions/resolution-requests.js';
import { OperationQuery } from './operation-list.repository.js';

export const LIST_OPERATIONS: OperationDescription = {
  id: 'listOperations',
  tag: 'Admin',
  summary: 'List operations of unknown outcome',
  description:
    'Lists operations of unknown outcome, newest first. `paymentState` is the current state of the payment; refunds that are still open are listed under `/admin/attention`.',
  query: documentedQuery(OperationQuery),
  answer: {
    type: OperationPage,
    examples: {
      page: { summary: 'The only page', value: { items: [UNKNOWN_OPERATION_EXAMPLE], nextCursor: null } },
    },
  },
};

export const RESOLVE_OPERATION: OperationDescription = {
  id: 'resolveOperation',
  tag: 'Admin',
  summary: 'Resolve a change of a subscription',
  description:
    'Records the outcome of an update or an expiry of unknown outcome. Operations about a payment or a refund are resolved with the payment or the refund.',
  request: {
    type: OperationResolutionRequest,
    examples: {
      executed: {
        summary: 'The change was executed',
        value: { outcome: 'executed', reason: 'The subscription has ended in acme’s back office' },
      },
    },
  },
  answer: {
    type: OperationRecord,
    examples: {
      settled: {
        summary: 'The current record',
        value: { ...UNKNOWN_OPERATION_EXAMPLE, state: 'completed', reason: 'operator' },
      },
    },
  },
  problems: ['not-found', 'conflict'],
};
