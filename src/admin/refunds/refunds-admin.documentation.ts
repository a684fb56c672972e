import type { OperationDescription } from '../../http/openapi/operation-description.js';
import { REFUND_EXAMPLE } from '../records/examples.js';
import { RefundRecord } from '../records/refund-record.js';
import { RefundResolutionRequest } from '../resolutions/resolution-requests.js';

export const RESOLVE_REFUND: OperationDescription = {
  id: 'resolveRefund',
  tag: 'Admin',
  summary: 'Resolve a refund',
  description:
    'Records the end of an UNKNOWN or PENDING refund that is known from another source: the contract has no query for refunds. `KO` releases the reserved amount and the `Idempotency-Key`.',
  request: {
    type: RefundResolutionRequest,
    examples: {
      done: {
        summary: 'The refund was executed',
        value: { status: 'OK', reason: 'In acme’s settlement file of 3 February' },
      },
      not: {
        summary: 'The refund was not executed',
        value: { status: 'KO', reason: 'acme’s support: the card is closed' },
      },
    },
  },
  answer: {
    type: RefundRecord,
    examples: { settled: { summary: 'The current record', value: REFUND_EXAMPLE } },
  },
  problems: ['not-found', 'conflict'],
};
