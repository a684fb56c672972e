import type { OperationDescription } from '../../http/openapi/operation-description.js';
import { OPERATIONS } from '../../config/external-operation.js';
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
    'Lists payments, newest first. Filters can be combined. With a filter on amount or currency, a page scans at most 2,000 payments: it may be short or empty while `nextCursor` is not null. With `Accept: text/csv` the page is CSV, and the `Link` header leads to the next page.',
  query: documentedQuery(PaymentQuery),
  answer: {
    type: PaymentPage,
    examples: {
      page: {
        summary: 'A page with a next page',
        value: { items: [UNKNOWN_PAYMENT_EXAMPLE, PAYMENT_EXAMPLE], nextCursor: NEXT_CURSOR_EXAMPLE },
      },
      nothing: { summary: 'No match', value: { items: [], nextCursor: null } },
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
  summary: 'Retrieve a payment and its history',
  description:
    'A payment with its refunds, operations, callbacks and notifications; `story` has all of it in order of time.',
  answer: {
    type: PaymentDetail,
    examples: {
      accepted: {
        summary: 'A payment with a callback and a notification',
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
  summary: 'Check a payment by its gateway id',
  description:
    'Queries the external now, as `/v3/{external}/check` does: the ledger is updated, and a notification is queued.',
  calls: OPERATIONS.status,
  answer: {
    type: PaymentRecord,
    examples: { settled: { summary: 'The current record', value: PAYMENT_EXAMPLE } },
  },
  problems: ['not-found', 'conflict'],
};

export const RESOLVE_PAYMENT: OperationDescription = {
  id: 'resolvePayment',
  tag: 'Admin',
  summary: 'Resolve a payment',
  description:
    'Records the end of an UNKNOWN payment, or of a PENDING one that is parked, when it is known from another source. The name of the credentials and the reason are recorded, and a notification is queued. `FAILED` releases the `Idempotency-Key`: a repeat is a new attempt and validated as such.',
  request: {
    type: PaymentResolutionRequest,
    examples: {
      accepted: {
        summary: 'The payment was executed',
        value: {
          status: 'ACCEPTED',
          reason: 'acme’s support confirmed it, ticket 4711',
          paymentId: 'pm_7f3a',
        },
      },
      failed: {
        summary: 'The payment was not executed',
        value: { status: 'FAILED', reason: 'Not in acme’s settlement file' },
      },
    },
  },
  answer: {
    type: PaymentRecord,
    examples: { settled: { summary: 'The current record', value: PAYMENT_EXAMPLE } },
  },
  problems: ['not-found', 'conflict'],
};
