import type { components } from './generated/openapi.js';

type Schemas = components['schemas'];

/*
 * The types of requests and answers, from docs/openapi.json. Answers are discriminated by `result`: the fields that a
 * result always has are not optional.
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

/** An answer with `result`, whose fields `Certain` are there. */
type With<Answer, Result, Certain extends keyof Answer = never> = Omit<Answer, 'result' | Certain> & {
  [Key in Certain]-?: NonNullable<Answer[Key]>;
} & { result: Result };

/** With `REDIRECT_TO_URL`, at least one of the two URLs is there. */
type Redirect<
  Answer extends { redirectToUrl?: string; redirectToUrlMobile?: string },
  Certain extends keyof Answer,
> =
  | With<Answer, 'REDIRECT_TO_URL', Certain | 'redirectToUrl'>
  | With<Answer, 'REDIRECT_TO_URL', Certain | 'redirectToUrlMobile'>;

type GeneratedPayAnswer = Schemas['PayAnswer'];
export type PayAnswer =
  | With<GeneratedPayAnswer, 'OK' | 'PENDING', 'paymentId'>
  | With<GeneratedPayAnswer, 'KO'>
  | Redirect<GeneratedPayAnswer, 'paymentId'>;

type GeneratedPayByLinkAnswer = Schemas['PayByLinkAnswer'];
export type PayByLinkAnswer =
  With<GeneratedPayByLinkAnswer, 'OK', 'link'> | With<GeneratedPayByLinkAnswer, 'KO'>;

export type RefundAnswer = Schemas['RefundResult'];
export type CancelAnswer = Schemas['CancelAnswer'];

type GeneratedSubscriptionAnswer = Schemas['SubscriptionPayAnswer'];
export type SubscriptionAnswer =
  | With<GeneratedSubscriptionAnswer, 'OK' | 'PENDING', 'paymentId' | 'subscriptionToken'>
  | With<GeneratedSubscriptionAnswer, 'KO'>
  | Redirect<GeneratedSubscriptionAnswer, 'paymentId' | 'subscriptionToken'>;

type WithToken<Answer extends { subscriptionToken?: string }> = Answer & { subscriptionToken: string };
export type SubscriptionUpdateAnswer = WithToken<Schemas['SubscriptionUpdateAnswer']>;
export type SubscriptionExpireAnswer = WithToken<Schemas['SubscriptionExpireAnswer']>;

export type PaymentStatus = Schemas['PaymentStatus'];
export type RefundStatus = Schemas['RefundStatus'];
export type SubscriptionStatus = Schemas['SubscriptionStatus'];

/** A payment by the external's id or by the id of the order. */
export type PaymentReference =
  { paymentId: string; shopTransactionId?: never } | { shopTransactionId: string; paymentId?: never };

export type PaymentNotification = Schemas['PaymentNotification'];
export type RefundNotification = Schemas['RefundNotification'];
export type SubscriptionNotification = Schemas['SubscriptionNotification'];
