import type { Examples, OperationDescription } from '../http/openapi/operation-description.js';
import {
  SubscriptionExpireAnswer,
  SubscriptionPayAnswer,
  SubscriptionUpdateAnswer,
} from '../providers/answers.js';
import { OPERATIONS } from '../providers/operation.js';
import {
  SubscriptionPayRequest,
  SubscriptionStartRequest,
  SubscriptionUpdateRequest,
} from './subscription-requests.js';
import { SubscriptionStatus } from './subscription-status.js';

const PERIOD = { amount: 999, currency: 'EUR', shopTransactionId: 'order-2001' };
const MONTHLY = { interval: 'MONTH', intervalCount: 1, expiresAfter: 12 };
const TOKEN = { subscriptionToken: 'sub_91c2' };

const PAY_ANSWERS: Examples = {
  OK: { summary: 'Paid', value: { result: 'OK', paymentId: 'pm_7f3a', ...TOKEN } },
  KO: { summary: 'Declined', value: { result: 'KO', resultDescription: 'Insufficient funds' } },
  PENDING: {
    summary: 'Not decided yet; a notification follows',
    value: { result: 'PENDING', paymentId: 'pm_7f3a', ...TOKEN },
  },
  REDIRECT_TO_URL: {
    summary: 'The payer has to go there first',
    value: {
      result: 'REDIRECT_TO_URL',
      paymentId: 'pm_7f3a',
      ...TOKEN,
      redirectToUrl: 'https://pay.example/r/7f3a',
    },
  },
};

const CHANGE_ANSWERS: Examples = {
  OK: { summary: 'Done', value: { result: 'OK', ...TOKEN } },
  KO: { summary: 'Refused', value: { result: 'KO', resultDescription: 'Already expired', ...TOKEN } },
  PENDING: { summary: 'Not decided yet', value: { result: 'PENDING', ...TOKEN } },
};

export const SCHEDULE: OperationDescription = {
  id: 'scheduleSubscription',
  tag: 'Subscriptions',
  summary: 'Schedule a subscription',
  description: 'The external collects each of its payments by itself.',
  calls: OPERATIONS['subscription/schedule'],
  request: {
    type: SubscriptionStartRequest,
    examples: { monthly: { summary: 'A year, monthly', value: { ...PERIOD, subscriptionInfo: MONTHLY } } },
  },
  answer: { type: SubscriptionPayAnswer, examples: PAY_ANSWERS },
  problems: ['duplicate-payment'],
};

export const START: OperationDescription = {
  id: 'startSubscription',
  tag: 'Subscriptions',
  summary: 'Start a subscription',
  description: 'The caller makes each of its payments with `/subscription/pay`.',
  calls: OPERATIONS['subscription/start'],
  request: {
    type: SubscriptionStartRequest,
    examples: {
      free: {
        summary: 'For ever, every second week, the first period free',
        value: {
          ...PERIOD,
          amount: 0,
          shopTransactionId: 'order-2002',
          subscriptionInfo: { interval: 'DAY', intervalCount: 14 },
        },
      },
    },
  },
  answer: { type: SubscriptionPayAnswer, examples: PAY_ANSWERS },
  problems: ['duplicate-payment'],
};

export const PAY: OperationDescription = {
  id: 'paySubscription',
  tag: 'Subscriptions',
  summary: 'Create a payment of a subscription',
  description: 'One payment of a subscription that was started with `/subscription/start`.',
  calls: OPERATIONS['subscription/pay'],
  request: {
    type: SubscriptionPayRequest,
    examples: {
      payment: {
        summary: 'The next payment',
        value: { ...PERIOD, shopTransactionId: 'order-2003', subscriptionInfo: { token: 'sub_91c2' } },
      },
    },
  },
  answer: { type: SubscriptionPayAnswer, examples: PAY_ANSWERS },
  problems: ['duplicate-payment'],
};

export const UPDATE: OperationDescription = {
  id: 'updateSubscription',
  tag: 'Subscriptions',
  summary: 'Update a subscription',
  description: 'At least one field; `amount` and `currency` together.',
  calls: OPERATIONS['subscription/update'],
  request: {
    type: SubscriptionUpdateRequest,
    examples: {
      price: { summary: 'Another price', value: { amount: 1499, currency: 'EUR' } },
      interval: {
        summary: 'Another interval',
        value: { subscriptionInfo: { interval: 'MONTH', intervalCount: 3 } },
      },
    },
  },
  answer: { type: SubscriptionUpdateAnswer, examples: CHANGE_ANSWERS, filledIn: ['subscriptionToken'] },
};

export const STATUS: OperationDescription = {
  id: 'getSubscriptionStatus',
  tag: 'Subscriptions',
  summary: 'Retrieve a subscription’s status',
  description: 'Queries the external. Changes nothing.',
  calls: OPERATIONS['subscription/status'],
  answer: {
    type: SubscriptionStatus,
    examples: {
      ACTIVE: { summary: 'Active', value: { status: 'ACTIVE', ...TOKEN, providerName: 'simulator' } },
      PAST_DUE: {
        summary: 'A payment of it failed',
        value: { status: 'PAST_DUE', ...TOKEN, providerName: 'simulator', metadata: { attempts: 2 } },
      },
    },
  },
};

export const EXPIRE: OperationDescription = {
  id: 'expireSubscription',
  tag: 'Subscriptions',
  summary: 'Expire a subscription',
  description: 'Ends the subscription: no further payment of it is made.',
  calls: OPERATIONS['subscription/expire'],
  answer: { type: SubscriptionExpireAnswer, examples: CHANGE_ANSWERS, filledIn: ['subscriptionToken'] },
};
