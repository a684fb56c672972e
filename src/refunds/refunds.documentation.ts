import type { OperationDescription } from '../http/openapi/operation-description.js';
import { RefundAnswer } from '../providers/answers.js';
import { OPERATIONS } from '../config/external-operation.js';
import { RefundRequest } from './refund-request.js';

export const REFUND: OperationDescription = {
  id: 'refund',
  tag: 'Payments',
  summary: 'Refund a payment',
  description:
    'Refunds a payment or a part of it. All refunds of a payment, those in flight included, never exceed its amount.',
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
    type: RefundAnswer,
    description: 'The refund was executed or declined, or is pending',
    examples: {
      OK: { summary: 'Refunded', value: { result: 'OK' } },
      KO: { summary: 'Declined', value: { result: 'KO', resultDescription: 'Too late' } },
      PENDING: { summary: 'Pending', value: { result: 'PENDING' } },
    },
  },
  problems: ['refund-exceeds-payment'],
};
