import { EVENT_SOURCES, type EventSource, type LedgerEventRow } from '../../operations/ledger-event.table.js';
import type { PaymentRow } from '../../payments/payment.table.js';
import type { RefundRow } from '../../refunds/refund.table.js';
import { Field, NestedField } from '../../rules/field.js';
import { externalName } from '../../rules/network-rules.js';
import { oneOf } from '../../rules/rule.js';
import { amount, currency, issuedIdentifier, listOf, ownIdentifier, text } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import type { SubscriptionRow } from '../../subscriptions/subscription.table.js';
import { shownIssuedId, shownText, shownTime } from '../records/shown.js';

export const FEED_TYPES = ['payment', 'refund', 'subscription'] as const;

export type FeedType = (typeof FEED_TYPES)[number];

/** What changed, as it is known when the feed is read. What retention has deleted has no more than its change. */
export class FeedData {
  @Field(externalName, { optional: true, example: 'acme' })
  external?: string | undefined;

  @Field(ownIdentifier('pay'), {
    optional: true,
    description: 'The gateway’s own id of the payment: the one that changed, or that of the refund.',
    example: 'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10',
  })
  payment?: string | undefined;

  @Field(ownIdentifier('ref'), { optional: true })
  refund?: string | undefined;

  @Field(ownIdentifier('sub'), { optional: true })
  subscription?: string | undefined;

  @Field(issuedIdentifier, { optional: true, description: 'The external’s id.', example: 'pm_7f3a' })
  paymentId?: string | undefined;

  @Field(issuedIdentifier, { optional: true, description: 'As callers get it.' })
  refundId?: string | undefined;

  @Field(issuedIdentifier, { optional: true, description: 'The external’s token.' })
  subscriptionToken?: string | undefined;

  @Field(issuedIdentifier, { optional: true, example: 'order-1001' })
  shopTransactionId?: string | undefined;

  @Field(amount(0), {
    optional: true,
    description: 'Of the item that changed, in minor units.',
    example: 1299,
  })
  amount?: number | undefined;

  @Field(currency, { optional: true, example: 'EUR' })
  currency?: string | undefined;

  @Field(text, { description: 'The state before the change.', example: 'CREATED' })
  before: string;

  @Field(text, { description: 'The state after it.', example: 'ACCEPTED' })
  state: string;

  @Field(oneOf(EVENT_SOURCES), { description: 'What the gateway learned it by.', example: 'call' })
  source: EventSource;
}

/** One change. */
export class FeedItem {
  @Field(ownIdentifier('evt'), {
    description: 'Unique for each change, and the same whenever it is read.',
    example: 'evt_0199f2a4-c8a0-7d52-9c41-0a1b2c3d4e5f',
  })
  id: string;

  @Field(oneOf(FEED_TYPES), { example: 'payment' })
  type: FeedType;

  @Field(instant, { description: 'When it changed.', example: '2026-01-31T12:00:00.150Z' })
  at: string;

  @NestedField(() => FeedData)
  data: FeedData;
}

export class FeedPage {
  @Field(listOf(() => FeedItem), {
    description: 'The changes, in the order in which they were committed.',
  })
  items: readonly FeedItem[];

  @Field(text, {
    description: 'Where to go on, never null. Keep it with your own data, in the same transaction.',
    example: 'NWYxYzJhM2I0ZDVlNmY3MDo3NDEuMTI',
  })
  nextCursor: string;
}

/** The rows that events are about, by their ids. */
export interface FeedSubjects {
  readonly payments: ReadonlyMap<string, PaymentRow>;
  readonly refunds: ReadonlyMap<string, RefundRow>;
  readonly subscriptions: ReadonlyMap<string, SubscriptionRow>;
}

export function feedTypeOf({ refund_ref, payment_ref }: LedgerEventRow): FeedType {
  if (refund_ref !== null) return 'refund';
  return payment_ref === null ? 'subscription' : 'payment';
}

export function feedItem(event: LedgerEventRow, subjects: FeedSubjects): FeedItem {
  const type = feedTypeOf(event);
  return {
    id: event.id,
    type,
    at: shownTime(event.at),
    data: {
      ...subjectOf(event, type, subjects),
      before: event.before,
      state: event.after,
      source: event.source,
    },
  };
}

function subjectOf(
  { payment_ref, refund_ref, subscription_ref }: LedgerEventRow,
  type: FeedType,
  { payments, refunds, subscriptions }: FeedSubjects,
): Omit<FeedData, 'before' | 'state' | 'source'> {
  const payment = payments.get(payment_ref ?? '');
  const order = {
    shopTransactionId: shownText(payment?.shop_transaction_id_sent ?? payment?.shop_transaction_id),
  };
  if (type === 'refund') {
    const row = refunds.get(refund_ref!);
    return {
      external: row?.external,
      payment: payment_ref ?? undefined,
      refund: refund_ref!,
      paymentId: shownIssuedId(row?.payment_id),
      refundId: row && shownIssuedId(row.refund_id ?? row.external_refund_id ?? row.id),
      ...order,
      amount: row?.amount_minor,
      currency: row?.currency,
    };
  }
  if (type === 'subscription') {
    const row = subscriptions.get(subscription_ref ?? '');
    return {
      external: row?.external,
      subscription: subscription_ref ?? undefined,
      subscriptionToken: shownIssuedId(row?.token),
      shopTransactionId: shownText(row?.shop_transaction_id_sent ?? row?.shop_transaction_id),
      amount: row?.amount_minor,
      currency: row?.currency,
    };
  }
  return {
    external: payment?.external,
    payment: payment_ref!,
    paymentId: shownIssuedId(payment?.payment_id),
    subscriptionToken: shownIssuedId(payment?.subscription_token),
    ...order,
    amount: payment?.amount_minor ?? undefined,
    currency: payment?.currency ?? undefined,
  };
}
