import type { components } from './generated/openapi.js';

type Schemas = components['schemas'];

/*
 * The types of requests and answers, from docs/openapi.json. `result` discriminates answers: the fields that it always
 * has are not optional.
 */

export type Problem = Schemas['Problem'];
export type ProblemCode = Problem['code'];
/** Whether an operation may have been executed: after `not-executed` it is safe to call again. */
export type Outcome = NonNullable<Problem['outcome']>;

export type PayRequest = Schemas['PayRequest'];
export type RefundRequest = Schemas['RefundRequest'];
export type CancelRequest = Schemas['CancelRequest'];
export type SubscriptionStartRequest = Schemas['SubscriptionStartRequest'];
export type SubscriptionPayRequest = Schemas['SubscriptionPayRequest'];
export type SubscriptionUpdateRequest = Schemas['SubscriptionUpdateRequest'];

/** Of the two URLs at least one is there; both can be read, whichever it is. */
type WithBothUrls<Answer> = Answer extends { result: 'REDIRECT_TO_URL' }
  ? Answer & { redirectToUrl?: string; redirectToUrlMobile?: string }
  : Answer;

export type PayAnswer = WithBothUrls<Schemas['PayAnswer']>;
export type PayByLinkAnswer = Schemas['PayByLinkAnswer'];
export type RefundAnswer = Schemas['RefundResult'];
export type CancelAnswer = Schemas['CancelAnswer'];
export type SubscriptionPayAnswer = WithBothUrls<Schemas['SubscriptionPayAnswer']>;
export type SubscriptionChargeAnswer = WithBothUrls<Schemas['SubscriptionChargeAnswer']>;
export type SubscriptionUpdateAnswer = Schemas['SubscriptionUpdateAnswer'];
export type SubscriptionExpireAnswer = Schemas['SubscriptionExpireAnswer'];

export type PaymentStatus = Schemas['PaymentStatus'];
export type RefundStatus = Schemas['RefundStatus'];
export type SubscriptionStatus = Schemas['SubscriptionStatus'];

/** A payment by the external's id or by the id of the order. */
export type PaymentReference =
  { paymentId: string; shopTransactionId?: never } | { shopTransactionId: string; paymentId?: never };

export type PaymentNotification = Schemas['PaymentNotification'];
export type RefundNotification = Schemas['RefundNotification'];
export type SubscriptionNotification = Schemas['SubscriptionNotification'];
