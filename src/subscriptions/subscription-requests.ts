import { type AbsenceRule, Field, NestedField, Whole } from '../rules/field.js';
import { oneOf, type Rule } from '../rules/rule.js';
import { amount, count, currency, identifier, issuedIdentifier, providerData } from '../rules/rules.js';
import { PaymentFields } from '../payments/payment-requests.js';
import type { JsonValue } from '../shared/json.js';

export type SubscriptionInterval = 'DAY' | 'MONTH';

const INTERVAL = { example: 'MONTH' };
const INTERVAL_COUNT = { description: 'The number of intervals between payments.', example: 1 };
const EXPIRES_AFTER = {
  optional: true,
  description: 'The greatest number of payments, after which it ends; absent: never.',
  example: 12,
};

/** Callers that have one class for all endpoints send the token as `null`. */
const noToken: Rule = {
  name: 'noToken',
  allowed: 'left out: only subscription/pay takes it',
  schema: { type: 'null' },
  accepts: () => false,
};

/**
 * How often a subscription is paid: every `intervalCount` days or months, `expiresAfter` times or for ever (SPEC §1).
 */
export class SubscriptionInfo {
  @Field(oneOf(['DAY', 'MONTH']), INTERVAL)
  interval: SubscriptionInterval;

  @Field(count, INTERVAL_COUNT)
  intervalCount: number;

  @Field(count, EXPIRES_AFTER)
  expiresAfter?: number;

  @Field(noToken, { optional: true, description: 'Of `subscription/pay` only.' })
  token?: undefined;
}

/** Names the subscription that a payment belongs to. The other fields travel to the external (SPEC §1). */
export class SubscriptionReference {
  @Field(issuedIdentifier, {
    description: 'The `subscriptionToken` of schedule or start.',
    example: 'sub_91c2',
  })
  token: string;

  @Field(oneOf(['DAY', 'MONTH']), { ...INTERVAL, optional: true })
  interval?: SubscriptionInterval;

  @Field(count, { ...INTERVAL_COUNT, optional: true })
  intervalCount?: number;

  @Field(count, EXPIRES_AFTER)
  expiresAfter?: number;
}

abstract class SubscriptionPaymentFields extends PaymentFields {
  @Field(amount(0), { description: 'In minor units; 0 for a free first period.', example: 999 })
  amount: number;
}

/** POST `/subscription/schedule` and `/subscription/start` (SPEC §1). */
export class SubscriptionStartRequest extends SubscriptionPaymentFields {
  @NestedField(() => SubscriptionInfo)
  subscriptionInfo: SubscriptionInfo;
}

/** POST `/subscription/pay` (SPEC §1). */
export class SubscriptionPayRequest extends SubscriptionPaymentFields {
  @NestedField(() => SubscriptionReference)
  subscriptionInfo: SubscriptionReference;
}

/** `amount` and `currency` come together or not at all. */
const without = (other: 'amount' | 'currency'): AbsenceRule => ({
  accepts: (request) => (request as SubscriptionUpdateRequest)[other] === undefined,
  schema: (field) => ({ dependentRequired: { [other]: [field] } }),
});

/**
 * POST `/subscription/update/{subscriptionToken}`: at least one field; `amount` and `currency` only together (SPEC
 * §1).
 */
@Whole<SubscriptionUpdateRequest>({
  detail: 'must have at least one field',
  schema: { minProperties: 1 },
  accepts: (request) => Object.values(request).some((value) => value !== undefined),
})
export class SubscriptionUpdateRequest {
  @Field(amount(0), {
    optional: without('currency'),
    description: 'In minor units, together with `currency`.',
    example: 1499,
  })
  amount?: number;

  @Field(currency, {
    optional: without('amount'),
    description: 'Together with `amount`.',
    example: 'EUR',
  })
  currency?: string;

  @Field(identifier, { optional: true, example: 'order-1001' })
  shopTransactionId?: string;

  @NestedField(() => SubscriptionInfo, { optional: true })
  subscriptionInfo?: SubscriptionInfo;

  @Field(providerData, {
    optional: true,
    description: 'Data for the external, passed through. Never stored, never logged.',
  })
  providerData?: Record<string, JsonValue>;
}
