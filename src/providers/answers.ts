import type { OperationName } from '../config/external-operation.js';
import { absentOnlyIf, Field, oneRequiredIf, Whole } from '../rules/field.js';
import { issuedHttpUrl, issuedUrl } from '../rules/redirect-rules.js';
import { oneOf } from '../rules/rule.js';
import { amount, anyJson, currency, issuedIdentifier, text } from '../rules/rules.js';
import type { JsonValue } from '../shared/json.js';

/** The answers of externals, which are also the gateway's answers (SPEC §1, §2). */

export type PaymentResult = 'OK' | 'KO' | 'PENDING' | 'REDIRECT_TO_URL';
export type PaymentStatusName = 'ACCEPTED' | 'FAILED' | 'PENDING';
export type SubscriptionStatusName = 'PENDING' | 'ACTIVE' | 'PAST_DUE' | 'EXPIRED' | 'CANCELED';
/** What a status query may answer. `UNKNOWN` says nothing about the subscription; only with `compatibility`. */
export type AnsweredSubscriptionStatus = SubscriptionStatusName | 'UNKNOWN';

/** A declined payment may have no id. */
const ifDeclined = absentOnlyIf({ field: 'result', is: 'KO' });

export const RESULT_DESCRIPTION = {
  optional: true,
  description: 'A description for a person.',
  example: 'Insufficient funds',
};

@Whole(oneRequiredIf({ field: 'result', is: 'REDIRECT_TO_URL' }, ['redirectToUrl', 'redirectToUrlMobile']))
export class PayAnswer {
  @Field(oneOf(['OK', 'KO', 'PENDING', 'REDIRECT_TO_URL']), { example: 'OK' })
  result: PaymentResult;

  @Field(text, RESULT_DESCRIPTION)
  resultDescription?: string;

  @Field(issuedIdentifier, {
    optional: ifDeclined,
    description: 'The external’s id of the payment. Absent only with `KO`.',
    example: 'pm_7f3a',
  })
  paymentId?: string;

  @Field(issuedHttpUrl, {
    optional: true,
    description: 'Where to send the payer. With `REDIRECT_TO_URL`, this or `redirectToUrlMobile` is there.',
    example: 'https://pay.example/r/7f3a',
  })
  redirectToUrl?: string;

  @Field(issuedUrl, {
    optional: true,
    description: 'The same for a mobile device: also the link of an app.',
    example: 'bankapp://pay/7f3a',
  })
  redirectToUrlMobile?: string;

  @Field(anyJson, {
    optional: true,
    description: 'Data of the external; what repeats `providerData` is masked.',
  })
  metadata?: JsonValue;
}

export class PayByLinkAnswer {
  @Field(oneOf(['OK', 'KO']), { example: 'OK' })
  result: 'OK' | 'KO';

  @Field(text, RESULT_DESCRIPTION)
  resultDescription?: string;

  @Field(issuedIdentifier, { optional: true, example: 'pm_7f3a' })
  paymentId?: string;

  @Field(issuedHttpUrl, {
    optional: ifDeclined,
    description: 'The link to give to the payer. Absent only with `KO`.',
    example: 'https://pay.example/l/7f3a',
  })
  link?: string;
}

export class RefundAnswer {
  @Field(oneOf(['OK', 'KO', 'PENDING']), { example: 'OK' })
  result: 'OK' | 'KO' | 'PENDING';

  @Field(text, RESULT_DESCRIPTION)
  resultDescription?: string;

  @Field(issuedIdentifier, { optional: true, example: 're_5d10' })
  refundId?: string;

  @Field(anyJson, {
    optional: true,
    description: 'Data of the external; what repeats `providerData` is masked.',
  })
  metadata?: JsonValue;
}

export class RefundStatusAnswer {
  @Field(oneOf(['ACCEPTED', 'FAILED', 'PENDING']), { example: 'ACCEPTED' })
  status: PaymentStatusName;

  @Field(issuedIdentifier, { optional: true, example: 're_5d10' })
  refundId?: string;

  @Field(issuedIdentifier, { optional: true, example: 'pm_7f3a' })
  paymentId?: string;

  @Field(issuedIdentifier, { optional: true, example: 'order-1001' })
  shopTransactionId?: string;

  @Field(amount(1), { optional: true, description: 'In minor units.', example: 500 })
  amount?: number;

  @Field(currency, { optional: true, example: 'EUR' })
  currency?: string;

  @Field(anyJson, {
    optional: true,
    description: 'Data of the external; what repeats `providerData` is masked.',
  })
  metadata?: JsonValue;
}

export class CancelAnswer {
  @Field(oneOf(['OK', 'KO', 'PENDING']), {
    description: '`OK`: the payment can no longer be paid.',
    example: 'OK',
  })
  result: 'OK' | 'KO' | 'PENDING';

  @Field(text, RESULT_DESCRIPTION)
  resultDescription?: string;
}

export class PaymentStatusAnswer {
  @Field(oneOf(['ACCEPTED', 'FAILED', 'PENDING']), { example: 'ACCEPTED' })
  status: PaymentStatusName;

  @Field(issuedIdentifier, { optional: true, example: 'pm_7f3a' })
  paymentId?: string;

  @Field(issuedIdentifier, { optional: true, example: 'order-1001' })
  shopTransactionId?: string;

  @Field(anyJson, {
    optional: true,
    description: 'Data of the external; what repeats `providerData` is masked.',
  })
  metadata?: JsonValue;

  @Field(anyJson, {
    optional: true,
    description: 'Data of the external; what repeats `providerData` is masked.',
  })
  action?: JsonValue;
}

export class SubscriptionPayAnswer extends PayAnswer {
  @Field(issuedIdentifier, {
    optional: ifDeclined,
    description: 'Names the subscription in all later calls. Absent only with `KO`.',
    example: 'sub_91c2',
  })
  subscriptionToken?: string;
}

/** The answer to `subscription/pay`. Where the external omits the token, the gateway adds that of the request. */
export class SubscriptionChargeAnswer extends PayAnswer {
  @Field(issuedIdentifier, { optional: true, example: 'sub_91c2' })
  subscriptionToken?: string;
}

export class SubscriptionUpdateAnswer {
  @Field(oneOf(['OK', 'KO', 'PENDING']), { example: 'OK' })
  result: 'OK' | 'KO' | 'PENDING';

  @Field(text, RESULT_DESCRIPTION)
  resultDescription?: string;

  @Field(issuedIdentifier, { optional: true, example: 'sub_91c2' })
  subscriptionToken?: string;

  @Field(anyJson, {
    optional: true,
    description: 'Data of the external; what repeats `providerData` is masked.',
  })
  metadata?: JsonValue;
}

/** What the answers to a subscription's status have in common, for any set of states. */
export abstract class SubscriptionStatusFields {
  @Field(issuedIdentifier, { optional: true, example: 'sub_91c2' })
  subscriptionToken?: string;

  @Field(anyJson, {
    optional: true,
    description: 'Data of the external; what repeats `providerData` is masked.',
  })
  metadata?: JsonValue;
}

export class SubscriptionStatusAnswer extends SubscriptionStatusFields {
  @Field(oneOf(['PENDING', 'ACTIVE', 'PAST_DUE', 'EXPIRED', 'CANCELED']), { example: 'ACTIVE' })
  status: AnsweredSubscriptionStatus;
}

export class SubscriptionExpireAnswer {
  @Field(oneOf(['OK', 'KO', 'PENDING']), { example: 'OK' })
  result: 'OK' | 'KO' | 'PENDING';

  @Field(text, RESULT_DESCRIPTION)
  resultDescription?: string;

  @Field(issuedIdentifier, { optional: true, example: 'sub_91c2' })
  subscriptionToken?: string;
}

/** The answer to each operation. */
export const ANSWER_TYPES = {
  pay: PayAnswer,
  'pay-by-link': PayByLinkAnswer,
  refund: RefundAnswer,
  'refund/status': RefundStatusAnswer,
  cancel: CancelAnswer,
  status: PaymentStatusAnswer,
  'subscription/schedule': SubscriptionPayAnswer,
  'subscription/start': SubscriptionPayAnswer,
  'subscription/pay': SubscriptionChargeAnswer,
  'subscription/update': SubscriptionUpdateAnswer,
  'subscription/status': SubscriptionStatusAnswer,
  'subscription/expire': SubscriptionExpireAnswer,
} satisfies Record<OperationName, new () => object>;

export type AnswerTo<N extends OperationName> = InstanceType<(typeof ANSWER_TYPES)[N]>;
