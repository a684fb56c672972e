import { sentOrder } from '../../payments/order-key.js';
import { Field } from '../../rules/field.js';
import { externalName } from '../../rules/network-rules.js';
import { oneOf } from '../../rules/rule.js';
import { amount, currency, issuedIdentifier, ownIdentifier, quantity, text } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import type { SubscriptionState } from '../../subscriptions/subscription-state.js';
import type { SubscriptionRow } from '../../subscriptions/subscription.table.js';
import { shownIssuedId, shownText, shownTime, shownTimeOrNone } from './shown.js';

export const SUBSCRIPTION_STATES = [
  'CREATED',
  'PENDING',
  'ACTIVE',
  'PAST_DUE',
  'EXPIRED',
  'CANCELED',
  'FAILED',
  'UNKNOWN',
] as const satisfies readonly SubscriptionState[];

/** A subscription in the ledger. */
export class SubscriptionRecord {
  @Field(ownIdentifier('sub'), {
    description: 'The gateway’s own id.',
    example: 'sub_0199f2a4-e1f2-7034-8b5c-6d7e8f9a0b1c',
  })
  id: string;

  @Field(externalName, { example: 'acme' })
  external: string;

  @Field(oneOf(SUBSCRIPTION_STATES), { example: 'ACTIVE' })
  state: SubscriptionState;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'The external’s token, once known.',
    example: 'sub_91c2',
  })
  subscriptionToken?: string | undefined;

  @Field(issuedIdentifier, { example: 'order-1001' })
  shopTransactionId: string;

  @Field(amount(0), { description: 'In minor units.', example: 999 })
  amount: number;

  @Field(currency, { example: 'EUR' })
  currency: string;

  @Field(oneOf(['DAY', 'MONTH']), { example: 'MONTH' })
  interval: 'DAY' | 'MONTH';

  @Field(quantity, { example: 1 })
  intervalCount: number;

  @Field(quantity, { optional: true, description: 'The greatest number of payments.', example: 12 })
  expiresAfter?: number | undefined;

  @Field(text, {
    description: 'The name of the caller’s credentials; empty without credentials.',
    example: 'shop',
  })
  caller: string;

  @Field(instant, { example: '2026-01-31T12:00:00.000Z' })
  createdAt: string;

  @Field(instant, { example: '2026-01-31T12:00:00.150Z' })
  updatedAt: string;

  @Field(quantity, {
    description: 'The number of status queries that the gateway made by itself.',
    example: 0,
  })
  questions: number;

  @Field(instant, { optional: true, description: 'When the external is queried next.' })
  nextQuestionAt?: string | undefined;

  @Field(instant, {
    optional: true,
    description: 'When reconciliation stopped without a final state: an operator must resolve it.',
  })
  parkedAt?: string | undefined;
}

export function subscriptionRecord(row: SubscriptionRow): SubscriptionRecord {
  return {
    id: row.id,
    external: row.external,
    state: row.state,
    subscriptionToken: shownIssuedId(row.token),
    shopTransactionId: shownText(sentOrder(row))!,
    amount: row.amount_minor,
    currency: row.currency,
    interval: row.interval_unit,
    intervalCount: row.interval_count,
    expiresAfter: row.expires_after ?? undefined,
    caller: row.caller,
    createdAt: shownTime(row.created_at),
    updatedAt: shownTime(row.updated_at),
    questions: row.asks,
    nextQuestionAt: shownTimeOrNone(row.next_ask_at),
    parkedAt: shownTimeOrNone(row.parked_at),
  };
}
