import { OPERATIONS } from '../config/external-operation.js';
import { PAYMENT_ID_QUERY, REFUND_ID_QUERY } from '../http/openapi/components.js';
import type { OperationDescription } from '../http/openapi/operation-description.js';
import { RefundRequest } from './refund-request.js';
import { RefundResult } from './refund-result.js';
import { REFUND_STATUS_EXAMPLES, RefundStatus } from './refund-status.js';

export const REFUND: OperationDescription = {
  id: 'refund',
  tag: 'Payments',
  summary: 'Refund a payment',
  description:
    'Refunds a payment or a part of it. All refunds of a payment, those in flight included, never exceed its amount. A `PENDING` refund ends later: query `refund/status`.',
  calls: OPERATIONS.refund,
  request: {
    type: RefundRequest,
    examples: {
      part: {
        summary: 'A partial refund',
        value: { amount: 500, currency: 'EUR', paymentId: 'pm_7f3a' },
      },
    },
  },
  answer: {
    type: RefundResult,
    description: 'The refund was executed or declined, or is pending',
    examples: {
      OK: { summary: 'Refunded', value: { result: 'OK', refundId: 're_5d10' } },
      KO: {
        summary: 'Declined',
        value: { result: 'KO', resultDescription: 'Too late', refundId: 're_5d10' },
      },
      PENDING: { summary: 'Pending', value: { result: 'PENDING', refundId: 're_5d10' } },
    },
  },
  problems: ['refund-exceeds-payment'],
};

export const REFUND_STATUS: OperationDescription = {
  id: 'getRefundStatus',
  tag: 'Payments',
  summary: 'Retrieve a refund’s status',
  description:
    'Queries the external now and updates the ledger. Where the external does not offer the query, or was removed from the configuration, the ledger answers. An `unknown` refund is `PENDING`. An accepted refund can still fail, when a bank sends it back: the amount can then be refunded again.',
  calls: OPERATIONS['refund/status'],
  query: [
    REFUND_ID_QUERY,
    {
      ...PAYMENT_ID_QUERY,
      required: false,
      description: 'The payment of the refund, if you want it checked.',
    },
  ],
  answer: {
    type: RefundStatus,
    description: 'The status of the refund',
    examples: REFUND_STATUS_EXAMPLES,
  },
};
