import type { OperationDescription } from '../../http/openapi/operation-description.js';
import { OPERATIONS } from '../../providers/operation.js';
import { csvOf } from '../lists/csv.js';
import { documentedQuery } from '../lists/list-query.js';
import {
  CALLBACK_EXAMPLE,
  EVENT_EXAMPLE,
  NEXT_CURSOR_EXAMPLE,
  NOTIFICATION_EXAMPLE,
  OPERATION_EXAMPLE,
  PAYMENT_EXAMPLE,
  UNKNOWN_PAYMENT_EXAMPLE,
} from '../records/examples.js';
import { PaymentPage, PaymentRecord } from '../records/payment-record.js';
import { PaymentResolutionRequest } from '../resolutions/resolution-requests.js';
import { CSV_COLUMNS, CSV_TYPE } from './payment-csv.js';
import { PaymentDetail } from './payment-detail.js';
import { PaymentQuery } from './payment-filter.js';

export const LIST_PAYMENTS: OperationDescription = {
  id: 'listPayments',
  tag: 'Admin',
  summary: 'List payments',
  description:
    'The newest first. Filters may be combined. Where they ask for an amount or a currency, a page looks at 2,000 payments at most: ' +
    'it may be short, even empty, while `nextCursor` leads on. With `Accept: text/csv` the page comes as CSV, and `Link` names the next one.',
  query: documentedQuery(PaymentQuery),
  answer: {
    type: PaymentPage,
    examples: {
      page: {
        summary: 'A page, and there is more',
        value: { items: [UNKNOWN_PAYMENT_EXAMPLE, PAYMENT_EXAMPLE], nextCursor: NEXT_CURSOR_EXAMPLE },
      },
      nothing: { summary: 'Nothing matches', value: { items: [], nextCursor: null } },
    },
    alternatives: {
      [CSV_TYPE]: {
        schema: { type: 'string' },
        examples: {
          page: {
            summary: 'One payment',
            value: csvOf<PaymentRecord>(CSV_COLUMNS, [PAYMENT_EXAMPLE]),
          },
        },
      },
    },
  },
};

export const GET_PAYMENT: OperationDescription = {
  id: 'getPayment',
  tag: 'Admin',
  summary: 'Tell the whole story of a payment',
  description: 'All that is known of it, its refunds included, and in `story` the same in time order.',
  answer: {
    type: PaymentDetail,
    examples: {
      told: {
        summary: 'A payment, a callback, a notification',
        value: {
          ...PAYMENT_EXAMPLE,
          story: [
            {
              at: PAYMENT_EXAMPLE.createdAt,
              what: 'payment-created',
              id: PAYMENT_EXAMPLE.id,
              text: 'pay by shop: 1299 EUR (minor units)',
            },
            {
              at: EVENT_EXAMPLE.at,
              what: 'payment-changed',
              id: PAYMENT_EXAMPLE.id,
              text: `CREATED → ACCEPTED, by call (${OPERATION_EXAMPLE.id})`,
            },
          ],
          refunds: [],
          operations: [OPERATION_EXAMPLE],
          events: [EVENT_EXAMPLE],
          callbacks: [CALLBACK_EXAMPLE],
          notifications: [
            {
              ...NOTIFICATION_EXAMPLE,
              deliveries: [{ attempt: 1, at: '2026-01-31T12:01:00.100Z', status: 200, durationMs: 12 }],
              replays: [],
            },
          ],
          truncated: [],
        },
      },
    },
  },
  problems: ['not-found'],
};

export const CHECK_PAYMENT: OperationDescription = {
  id: 'checkPaymentById',
  tag: 'Admin',
  summary: 'Ask the external about a payment now',
  description:
    'As `/v3/{external}/check`: what the external says is written down, and a notification is queued.',
  calls: OPERATIONS.status,
  answer: {
    type: PaymentRecord,
    examples: { settled: { summary: 'As it is now', value: PAYMENT_EXAMPLE } },
  },
  problems: ['not-found', 'conflict'],
};

export const RESOLVE_PAYMENT: OperationDescription = {
  id: 'resolvePayment',
  tag: 'Admin',
  summary: 'Settle a payment by hand',
  description:
    'For a payment that is UNKNOWN, or PENDING and parked, when its end is known from elsewhere. It is written down with the name of the ' +
    'credentials and the reason, and a notification is queued. `FAILED` frees its `Idempotency-Key`: a repeat is a new attempt, checked as such.',
  request: {
    type: PaymentResolutionRequest,
    examples: {
      accepted: {
        summary: 'It was paid',
        value: {
          status: 'ACCEPTED',
          reason: 'acme’s support confirmed it, ticket 4711',
          paymentId: 'pm_7f3a',
        },
      },
      failed: { summary: 'It was not', value: { status: 'FAILED', reason: 'Not in acme’s settlement file' } },
    },
  },
  answer: {
    type: PaymentRecord,
    examples: { settled: { summary: 'As it is now', value: PAYMENT_EXAMPLE } },
  },
  problems: ['not-found', 'conflict'],
};
