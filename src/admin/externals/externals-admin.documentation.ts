import type { OperationDescription } from '../../http/openapi/operation-description.js';
import { documentedQuery, PageQuery } from '../lists/list-query.js';
import { ExternalPage } from './external-record.js';

export const LIST_EXTERNALS: OperationDescription = {
  id: 'listExternals',
  tag: 'Admin',
  summary: 'List externals',
  description:
    'Lists the configuration of the externals without secrets, and their health as the answering replica sees it: circuit breaker, calls in flight, latency, last success and failure.',
  query: documentedQuery(PageQuery),
  answer: {
    type: ExternalPage,
    examples: {
      one: {
        summary: 'A healthy external',
        value: {
          items: [
            {
              external: 'acme',
              baseUrl: 'https://acme.internal/payments',
              circuit: 'closed',
              inFlight: 3,
              maxConcurrency: 200,
              latency: { calls: 128, p50Ms: 42, p95Ms: 180 },
              lastSuccessAt: '2026-01-31T12:00:00.150Z',
              timeoutMs: 10000,
              circuitBreaker: { failures: 5, windowMs: 10000, openMs: 5000 },
              auth: 'bearer',
              callbackAuth: 'standard-webhooks',
              operations: ['pay', 'refund', 'status'],
              honoursIdempotencyKey: true,
              statusByShopTransactionId: false,
              duplicatePayments: 'refuse',
            },
          ],
          nextCursor: null,
        },
      },
    },
  },
};
