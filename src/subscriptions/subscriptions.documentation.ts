import type { Examples, OperationDescription } from '../http/openapi/operation-description.js';
import {
  SubscriptionChargeAnswer,
  SubscriptionExpireAnswer,
  SubscriptionPayAnswer,
  SubscriptionUpdateAnswer,
} from '../providers/answers.js';
import { OPERATIONS } from '../config/external-operation.js';
import {
  SubscriptionPayRequest,
  SubscriptionStartRequest,
  SubscriptionUpdateRequest,
} from './subscription-requests.js';
import { SubscriptionStatus } from './subscription-status.js';

const PERIOD = { amount: 999, currency: 'EUR', shopTransactionId: 'order-2001' };
const MONTHLY = { interval: 'MONTH', intervalCount: 1, expiresAfter: 12 };
const TOKEN = { subscriptionToken: 'sub_91c2' };

const PAY_ANSWER = 'The payment was executed or declined, or waits for the payer or the external';
const CHANGE_ANSWER = 'The change was executed or declined, or is pending';

const PAY_ANSWERS: Examples = {
  OK: { summary: 'Paid', value: { result: 'OK', paymentId: 'pm_7f3a', ...TOKEN } },
  KO: { summary: 'Declined', value: { result: 'KO', resultDescription: 'Insufficient funds', ...TOKEN } },
  PENDING: {
    summary: 'Pending; a notification follows',
    value: { result: 'PENDING', paymentId: 'pm_7f3a', ...TOKEN },
  },
  REDIRECT_TO_URL: {
    summary: 'The payer must be redirected',
    value: {
      result: 'REDIRECT_TO_URL',
      paymentId: 'pm_7f3a',
      ...TOKEN,
      redirectToUrl: 'https://pay.example/r/7f3a',
    },
  },
};

const CHANGE_ANSWERS: Examples = {
  OK: { summary: 'Executed', value: { result: 'OK', ...TOKEN } },
  KO: { summary: 'Declined', value: { result: 'KO', resultDescription: 'Already expired', ...TOKEN } },
  PENDING: { summary: 'Pending', value: { result: 'PENDING', ...TOKEN } },
};

export const SCHEDULE_SUBSCRIPTION: OperationDescription = {
  id: 'scheduleSubscription',
  tag: 'Subscriptions',
  summary: 'Schedule a subscription',
  description: 'Schedules a subscription whose payments the external collects itself.',
  calls: OPERATIONS['subscription/schedule'],
  request: {
    type: SubscriptionStartRequest,
    examples: {
      monthly: { summary: 'Monthly, for one year', value: { ...PERIOD, subscriptionInfo: MONTHLY } },
    },
  },
  answer: { type: SubscriptionPayAnswer, description: PAY_ANSWER, examples: PAY_ANSWERS },
  problems: ['duplicate-payment'],
};

export const START_SUBSCRIPTION: OperationDescription = {
  id: 'startSubscription',
  tag: 'Subscriptions',
  summary: 'Start a subscription',
  description: 'Starts a subscription whose payments you create one by one with `/subscription/pay`.',
  calls: OPERATIONS['subscription/start'],
  request: {
    type: SubscriptionStartRequest,
    examples: {
      free: {
        summary: 'Every second week without end, the first period free',
        value: {
          ...PERIOD,
          amount: 0,
          shopTransactionId: 'order-2002',
          subscriptionInfo: { interval: 'DAY', intervalCount: 14 },
        },
      },
    },
  },
  answer: { type: SubscriptionPayAnswer, description: PAY_ANSWER, examples: PAY_ANSWERS },
  problems: ['duplicate-payment'],
};

export const PAY_SUBSCRIPTION: OperationDescription = {
  id: 'paySubscription',
  tag: 'Subscriptions',
  summary: 'Create a payment of a subscription',
  description: 'Executes one payment of a subscription that was started with `/subscription/start`.',
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
  answer: {
    type: SubscriptionChargeAnswer,
    description: PAY_ANSWER,
    examples: PAY_ANSWERS,
    filledIn: ['subscriptionToken'],
  },
  problems: ['duplicate-payment'],
};

export const UPDATE_SUBSCRIPTION: OperationDescription = {
  id: 'updateSubscription',
  tag: 'Subscriptions',
  summary: 'Update a subscription',
  description:
    'Changes the terms of a subscription: at least one field; `amount` and `currency` only together.',
  calls: OPERATIONS['subscription/update'],
  request: {
    type: SubscriptionUpdateRequest,
    examples: {
      price: { summary: 'A new price', value: { amount: 1499, currency: 'EUR' } },
      interval: {
        summary: 'A new interval',
        value: { subscriptionInfo: { interval: 'MONTH', intervalCount: 3 } },
      },
    },
  },
  answer: {
    type: SubscriptionUpdateAnswer,
    description: CHANGE_ANSWER,
    examples: CHANGE_ANSWERS,
    filledIn: ['subscriptionToken'],
  },
};

export const GET_SUBSCRIPTION_STATUS: OperationDescription = {
  id: 'getSubscriptionStatus',
  tag: 'Subscriptions',
  summary: 'Retrieve a subscription’s status',
  description:
    'Queries the external now. The ledger does not change. After the external was removed from the configuration, the ledger answers.',
  calls: OPERATIONS['subscription/status'],
  answer: {
    type: SubscriptionStatus,
    description: 'The status of the subscription',
    examples: {
      ACTIVE: { summary: 'Active', value: { status: 'ACTIVE', ...TOKEN, providerName: 'simulator' } },
      PAST_DUE: {
        summary: 'The last payment failed',
        value: { status: 'PAST_DUE', ...TOKEN, providerName: 'simulator', metadata: { attempts: 2 } },
      },
    },
  },
};

export const EXPIRE_SUBSCRIPTION: OperationDescription = {
  id: 'expireSubscription',
  tag: 'Subscriptions',
  destructive: true,
  summary: 'Expire a subscription',
  description: 'Ends a subscription: no further payment of it is made.',
  calls: OPERATIONS['subscription/expire'],
  answer: {
    type: SubscriptionExpireAnswer,
    description: CHANGE_ANSWER,
    examples: CHANGE_ANSWERS,
    filledIn: ['subscriptionToken'],
  },
};

export const EXPIRE_SUBSCRIPTION_BY_POST: OperationDescription = {
  ...EXPIRE_SUBSCRIPTION,
  id: 'expireSubscriptionByPost',
  summary: 'Expire a subscription as in PGM 12',
  description:
    'The same as DELETE, for callers that move from PGM 12.x: only for an external with `compatibility: pgm-12`, else 405.',
  problems: ['method-not-allowed'],
};
