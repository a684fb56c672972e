import type { OperationDescription } from '../../http/openapi/operation-description.js';
import { REFUND_EXAMPLE } from '../records/examples.js';
import { RefundRecord } from '../records/refund-record.js';
import { RefundResolutionRequest } from '../resolutions/resolution-requests.js';

export const RESOLVE_REFUND: OperationDescription = {
  id: 'resolveRefund',
  tag: 'Admin',
  summary: 'Settle a refund by hand',
  description:
    'For a refund that is UNKNOWN or PENDING, when its end is known from elsewhere: no question of the contract tells it. `KO` frees what was ' +
    'reserved, and the `Idempotency-Key`.',
  request: {
    type: RefundResolutionRequest,
    examples: {
      done: {
        summary: 'It was refunded',
        value: { status: 'OK', reason: 'In acme’s settlement file of 3 February' },
      },
      not: { summary: 'It was not', value: { status: 'KO', reason: 'acme’s support: the card is closed' } },
    },
  },
  answer: {
    type: RefundRecord,
    examples: { settled: { summary: 'As it is now', value: REFUND_EXAMPLE } },
  },
  problems: ['not-found', 'conflict'],
};
