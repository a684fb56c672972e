import { ORDER_QUERY, PAYMENT_ID_QUERY } from '../http/openapi/components.js';
import type {
  Examples,
  OperationDescription,
  QueryParameter,
} from '../http/openapi/operation-description.js';
import { CancelAnswer, PayAnswer, PayByLinkAnswer } from '../providers/answers.js';
import { OPERATIONS } from '../config/external-operation.js';
import { CancelRequest, PayRequest } from './payment-requests.js';
import { PAYMENT_STATUS_EXAMPLES, PaymentStatus } from './payment-status.js';

const PAYMENT = { amount: 1299, currency: 'EUR', shopTransactionId: 'order-1001' };
const REDIRECT_URLS = {
  successRedirectUrl: 'https://shop.example/thanks',
  failureRedirectUrl: 'https://shop.example/sorry',
};

const PAY_ANSWERS: Examples = {
  OK: { summary: 'Paid', value: { result: 'OK', paymentId: 'pm_7f3a' } },
  KO: {
    summary: 'Declined',
    value: { result: 'KO', resultDescription: 'Insufficient funds', paymentId: 'pm_7f3a' },
  },
  PENDING: {
    summary: 'Pending; a notification follows',
    value: { result: 'PENDING', paymentId: 'pm_7f3a' },
  },
  REDIRECT_TO_URL: {
    summary: 'The payer must be redirected',
    value: { result: 'REDIRECT_TO_URL', paymentId: 'pm_7f3a', redirectToUrl: 'https://pay.example/r/7f3a' },
  },
};

export const PAY: OperationDescription = {
  id: 'pay',
  tag: 'Payments',
  summary: 'Create a payment',
  description:
    'Executes a payment at the external. A `shopTransactionId` that already has a payment there is refused, unless that payment failed. One that is pending is queried first.',
  calls: OPERATIONS.pay,
  request: {
    type: PayRequest,
    examples: {
      payment: { summary: 'A payment', value: PAYMENT },
      declined: {
        summary: 'A payment that the simulator declines',
        value: { ...PAYMENT, shopTransactionId: 'order-1002', providerData: { scenario: 'decline' } },
      },
      redirected: {
        summary: 'A payment that redirects the payer to a page of the simulator',
        value: {
          ...PAYMENT,
          shopTransactionId: 'order-1003',
          ...REDIRECT_URLS,
          providerData: { scenario: 'redirect' },
        },
      },
      pending: {
        summary: 'A payment that the simulator decides after one second',
        value: {
          ...PAYMENT,
          shopTransactionId: 'order-1004',
          providerData: { scenario: 'pending', delayMs: 1000 },
        },
      },
    },
  },
  answer: {
    type: PayAnswer,
    description: 'The payment was executed or declined, or waits for the payer or the external',
    examples: PAY_ANSWERS,
  },
  problems: ['duplicate-payment'],
};

export const PAY_BY_LINK: OperationDescription = {
  id: 'payByLink',
  tag: 'Payments',
  summary: 'Create a payment link',
  description: 'Creates a link at the external, by which the payer can pay later.',
  calls: OPERATIONS['pay-by-link'],
  request: {
    type: PayRequest,
    examples: { payment: { summary: 'A payment', value: { ...PAYMENT, shopTransactionId: 'order-1005' } } },
  },
  answer: {
    type: PayByLinkAnswer,
    description: 'The payment link, or the reason why there is none',
    examples: {
      OK: {
        summary: 'The link',
        value: { result: 'OK', paymentId: 'pm_7f3a', link: 'https://pay.example/l/7f3a' },
      },
      KO: { summary: 'Declined', value: { result: 'KO', resultDescription: 'Not offered to this shop' } },
    },
  },
  problems: ['duplicate-payment'],
};

export const CANCEL: OperationDescription = {
  id: 'cancelPayment',
  tag: 'Payments',
  destructive: true,
  summary: 'Cancel a pending payment',
  description:
    'Cancels a payment that is PENDING, such as an abandoned checkout, so that its order can be paid anew. After `OK` the payment is ' +
    'FAILED. After any other end the payment is what it was, and the gateway queries its status at once. Only for externals that offer it.',
  calls: OPERATIONS.cancel,
  request: {
    type: CancelRequest,
    examples: { payment: { summary: 'A pending payment', value: { paymentId: 'pm_2b8c' } } },
  },
  answer: {
    type: CancelAnswer,
    description: 'The payment was cancelled or not, or its cancellation is pending',
    examples: {
      OK: { summary: 'Cancelled: it can no longer be paid', value: { result: 'OK' } },
      KO: { summary: 'Not cancelled', value: { result: 'KO', resultDescription: 'The payer is paying' } },
      PENDING: { summary: 'Pending', value: { result: 'PENDING' } },
    },
  },
  problems: ['payment-not-pending'],
};

const PAYMENT_OR_ORDER: readonly QueryParameter[] = [
  { ...PAYMENT_ID_QUERY, required: false, prefilled: true },
  ORDER_QUERY,
];
const BY_ORDER =
  'By `shopTransactionId`, as after a time-out: the newest payment of the order that is not FAILED, else the newest. The external is ' +
  'queried by the `paymentId` that the ledger has, else by the order if it supports that; what only the ledger knows is answered from ' +
  'it, and a payment of unknown outcome is PENDING.';

const LEFT_TO_LEDGER =
  'Where the external offers no status, or was removed from the configuration, the ledger answers; its `UNKNOWN` is `PENDING`.';

export const STATUS: OperationDescription = {
  id: 'getPaymentStatus',
  tag: 'Payments',
  summary: 'Retrieve a payment’s status',
  description: `Queries the external now. The ledger does not change, and the receiver is not notified. ${LEFT_TO_LEDGER}\n\n${BY_ORDER}`,
  calls: OPERATIONS.status,
  query: PAYMENT_OR_ORDER,
  answer: {
    type: PaymentStatus,
    description: 'The status of the payment',
    examples: PAYMENT_STATUS_EXAMPLES,
  },
};

export const CHECK: OperationDescription = {
  id: 'checkPayment',
  tag: 'Payments',
  summary: 'Check a payment and notify the receiver',
  description: `Queries the external now, updates the ledger, and posts the status to the receiver (see the webhook). ${LEFT_TO_LEDGER}\n\n${BY_ORDER}`,
  calls: OPERATIONS.status,
  query: PAYMENT_OR_ORDER,
  answer: {
    type: PaymentStatus,
    description: 'The status of the payment',
    examples: PAYMENT_STATUS_EXAMPLES,
  },
};
