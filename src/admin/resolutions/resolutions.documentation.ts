import type { Dto, Examples, OperationDescription } from '../../http/openapi/operation-description.js';
import {
  PAYMENT_EXAMPLE,
  REFUND_EXAMPLE,
  SUBSCRIPTION_EXAMPLE,
  UNKNOWN_OPERATION_EXAMPLE,
} from '../records/examples.js';
import { OperationRecord } from '../records/operation-record.js';
import { PaymentRecord } from '../records/payment-record.js';
import { RefundRecord } from '../records/refund-record.js';
import { SubscriptionRecord } from '../records/subscription-record.js';
import {
  OperationResolutionRequest,
  PaymentResolutionRequest,
  RefundResolutionRequest,
  SubscriptionResolutionRequest,
} from './resolution-requests.js';

interface ResolutionDescription {
  readonly id: string;
  readonly summary: string;
  readonly description: string;
  readonly request: Dto;
  readonly requests: Examples;
  readonly record: Dto;
  readonly resolved: object;
}

function resolution({
  request,
  requests,
  record,
  resolved,
  ...operation
}: ResolutionDescription): OperationDescription {
  return {
    ...operation,
    tag: 'Admin',
    destructive: true,
    request: { type: request, examples: requests },
    answer: { type: record, examples: { settled: { summary: 'The current record', value: resolved } } },
    problems: ['not-found', 'conflict'],
  };
}

export const RESOLVE_PAYMENT = resolution({
  id: 'resolvePayment',
  summary: 'Resolve a payment',
  description:
    'Records the end of an UNKNOWN payment, or of a PENDING one that is parked, when it is known from another source. The name of the credentials and the reason are recorded, and a notification is queued. `FAILED` releases the `Idempotency-Key`: a repeat is a new attempt and validated as such. To correct a resolution, send another one with its event in `corrects`. The second of two concurrent resolutions is refused with `conflict`, which names the event of the first.',
  request: PaymentResolutionRequest,
  requests: {
    accepted: {
      summary: 'The payment was executed',
      value: {
        status: 'ACCEPTED',
        reason: 'acme’s support confirmed it, ticket 4711',
        paymentId: 'pm_7f3a',
      },
    },
    withoutId: {
      summary: 'The payment was executed; its id is unknown',
      value: { status: 'ACCEPTED', reason: 'On the account statement of 3 February', paymentId: null },
    },
    failed: {
      summary: 'The payment was not executed',
      value: { status: 'FAILED', reason: 'Not in acme’s settlement file' },
    },
  },
  record: PaymentRecord,
  resolved: PAYMENT_EXAMPLE,
});

export const RESOLVE_REFUND = resolution({
  id: 'resolveRefund',
  summary: 'Resolve a refund',
  description:
    'Records the end of an UNKNOWN or PENDING refund that is known from another source, and notifies receivers of refunds. `KO` releases the reserved amount and the `Idempotency-Key`. The present status of a refund that has changed its end ends its item of attention. To correct a resolution, send another one with its event in `corrects`: `KO` releases the amount and the key after all, `OK` takes the amount again and is refused where other refunds have taken it.',
  request: RefundResolutionRequest,
  requests: {
    done: {
      summary: 'The refund was executed',
      value: { status: 'OK', reason: 'In acme’s settlement file of 3 February' },
    },
    not: {
      summary: 'The refund was not executed',
      value: { status: 'KO', reason: 'acme’s support: the card is closed' },
    },
  },
  record: RefundRecord,
  resolved: REFUND_EXAMPLE,
});

export const RESOLVE_SUBSCRIPTION = resolution({
  id: 'resolveSubscription',
  summary: 'Resolve a subscription',
  description:
    'Records the state of a parked subscription, which is no longer queried, when it is known from another source. A payment of it that is UNKNOWN too is resolved separately. To correct a resolution, send another one with its event in `corrects`.',
  request: SubscriptionResolutionRequest,
  requests: {
    active: {
      summary: 'The subscription was started',
      value: { status: 'ACTIVE', subscriptionToken: 'sub_91c2', reason: 'acme’s support, ticket 4712' },
    },
    failed: {
      summary: 'The subscription was never started',
      value: { status: 'FAILED', reason: 'acme’s support, ticket 4712' },
    },
  },
  record: SubscriptionRecord,
  resolved: SUBSCRIPTION_EXAMPLE,
});

export const RESOLVE_OPERATION = resolution({
  id: 'resolveOperation',
  summary: 'Resolve a change of a subscription',
  description:
    'Records the outcome of an update or an expiry of unknown outcome. Operations about a payment or a refund are resolved with the payment or the refund. To correct a resolution, send another one with its event in `corrects`.',
  request: OperationResolutionRequest,
  requests: {
    executed: {
      summary: 'The change was executed',
      value: { outcome: 'executed', reason: 'The subscription has ended in acme’s back office' },
    },
  },
  record: OperationRecord,
  resolved: { ...UNKNOWN_OPERATION_EXAMPLE, state: 'completed', reason: 'operator' },
});
