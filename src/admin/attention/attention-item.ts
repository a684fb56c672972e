import { Field, NestedField } from '../../rules/field.js';
import { externalName } from '../../rules/network-rules.js';
import { oneOf } from '../../rules/rule.js';
import { amount, currency, issuedIdentifier, ownIdentifier, text } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import type { AttemptRow } from '../../notifications/notification-attempt.repository.js';
import { AttemptRecord, attemptRecord } from '../records/notification-record.js';
import { QueryRecord, queryRecord } from '../records/query-record.js';
import type { Subject } from '../records/subjects.js';
import { shownIssuedId, shownText, shownTime, shownTimeOrNone } from '../records/shown.js';
import { paymentAdvice, type QueryFacts, refundAdvice } from './payment-advice.js';

/** The kinds of items that an operator must resolve, by the possible action. */
export const ATTENTION_KINDS = [
  'payment-unknown',
  'payment-parked',
  'payment-id-taken',
  'order-paid-twice',
  'canceled-payment-accepted',
  'refund-stuck',
  'refund-reversed',
  'subscription-parked',
  'subscription-token-taken',
  'operation-unknown',
  'notification-dead',
  'callback-unconfirmed',
  'circuit-open',
  'credentials-refused',
] as const;

export type AttentionKind = (typeof ATTENTION_KINDS)[number];

/** What an operator does about the kinds whose advice is always the same; that of the others follows from what happened. */
const ADVICE: Readonly<
  Record<Exclude<AttentionKind, 'payment-unknown' | 'payment-parked' | 'refund-stuck'>, string>
> = {
  'payment-id-taken':
    'The external answered with a paymentId that belongs to another payment; detail names the payment that has it and its order. Report it to the external’s support, ask whether this payment was executed too, and record the outcome with POST /admin/payments/{id}/resolve. A refund of the paymentId goes to the payment that has it.',
  'order-paid-twice':
    'Two payments of one order are accepted: this one was accepted late, or outside of the gateway; detail names the other. Ask the caller whether both are wanted, and refund one with POST /v3/{external}/refund. If both are, or one was refunded elsewhere, record that with POST /admin/payments/{id}/resolve and the status ACCEPTED.',
  'canceled-payment-accepted':
    'The external answered OK to a cancellation, and the payment was accepted all the same: the caller may take the order as not paid. Ask the caller whether it wants the payment; if not, refund it with POST /v3/{external}/refund. If it does, record that with POST /admin/payments/{id}/resolve and the status ACCEPTED.',
  'refund-reversed':
    'The refund has changed its end: detail says how. Tell the caller, who may have refunded another way meanwhile. Once that is settled, record it with POST /admin/refunds/{id}/resolve and the present status.',
  'subscription-parked':
    'The state of the subscription is not known. Ask the external’s support, and record the state with POST /admin/subscriptions/{id}/resolve.',
  'subscription-token-taken':
    'The external answered with a subscriptionToken that belongs to another order; detail names the subscription that has it. Report it to the external’s support, ask for the state of this subscription, and record it with POST /admin/subscriptions/{id}/resolve.',
  'operation-unknown':
    'A change of a subscription, or the cancellation of a payment that the gateway does not know, may have been executed. Ask the external’s support, and record the outcome with POST /admin/operations/{id}/resolve.',
  'notification-dead':
    'The receiver never accepted the notification. Once the receiver works again, POST /admin/notifications/{id}/replay.',
  'callback-unconfirmed':
    'The external sent a callback about a payment, and did not confirm it when queried. Check whether the payment is its own. The callback changed nothing.',
  'circuit-open':
    'The last calls to the external failed; detail names the reason. The gateway refuses operations until nextTryAt, and then lets one through to test the external; without nextTryAt, the next operation is that test. Ask the external’s support. Payments that are UNKNOWN are still queried.',
  'credentials-refused':
    'The external refuses the credentials of the gateway: nothing is executed. Each call tries them again. Compare `auth` in the externals file, and the secret that it names, with the credentials that the external issued. A valid change takes effect without a restart.',
};

/** A row that needs attention. */
export interface AttentionRow {
  /** The id without its prefix, so that the ids of all tables are ordered by time. */
  readonly id: string;
  readonly ref: string;
  readonly kind: AttentionKind;
  readonly external: string;
  readonly state: string;
  readonly since: number | null;
  readonly payment_id?: string | null;
  readonly refund_id?: string | null;
  readonly external_refund_id?: string | null;
  readonly shop_transaction_id?: string | null;
  readonly amount_minor?: number | null;
  readonly currency?: string | null;
  readonly detail?: string | null;
  /** The payment, refund or subscription that a notification reports. */
  readonly subject_ref?: string | null;
  /** When reconciliation queries it next, or an open circuit lets an operation through. */
  readonly next_at?: number | null;
  /** The state of the payment that a callback names. */
  readonly payment_state?: string | null;
}

export class AttentionItem {
  @Field(oneOf(ATTENTION_KINDS), { example: 'payment-unknown' })
  kind: AttentionKind;

  @Field(text, {
    description: 'The gateway’s own id; for an item about an external, the external’s name.',
    example: 'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10',
  })
  id: string;

  @Field(externalName, { example: 'acme' })
  external: string;

  @Field(text, { example: 'UNKNOWN' })
  state: string;

  @Field(instant, { description: 'When it entered this state.', example: '2026-01-31T12:00:10.000Z' })
  since: string;

  @Field(ownIdentifier('pay'), {
    optional: true,
    description: 'The payment that it is, or is about, `pay_…`.',
    example: 'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10',
  })
  payment?: string | undefined;

  @Field(issuedIdentifier, { optional: true, example: 'pm_7f3a' })
  paymentId?: string | undefined;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'As callers and receivers get it.',
    example: 're_5d10',
  })
  refundId?: string | undefined;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'The external’s id of the refund, if it named one: its support knows the refund by it.',
    example: 're_5d10',
  })
  externalRefundId?: string | undefined;

  @Field(issuedIdentifier, {
    optional: true,
    description:
      'The order of the payment or subscription; of a refund or a notification, that of what it is about.',
    example: 'order-1001',
  })
  shopTransactionId?: string | undefined;

  @Field(amount(0), { optional: true, description: 'In minor units.', example: 1299 })
  amount?: number | undefined;

  @Field(currency, { optional: true, example: 'EUR' })
  currency?: string | undefined;

  @Field(text, { optional: true, description: 'The reason, where it is known.', example: 'timeout' })
  detail?: string | undefined;

  @NestedField(() => QueryRecord, {
    optional: true,
    description: 'The last status queries about the payment or refund.',
  })
  lastQuery?: QueryRecord | undefined;

  @NestedField(() => AttemptRecord, {
    optional: true,
    description: 'The last attempt to deliver the notification.',
  })
  lastDelivery?: AttemptRecord | undefined;

  @Field(instant, {
    optional: true,
    description: 'When the gateway queries the external next, or tries whether it works again.',
    example: '2026-01-31T12:30:00.000Z',
  })
  nextTryAt?: string | undefined;

  @Field(text, { description: 'What to do next. It follows from what happened.' })
  advice: string;
}

/** `config`: of the row's external; the others: about its payment or refund, of its notification, and what it is about. */
export function attentionItem(
  row: AttentionRow,
  {
    config,
    lastQuery,
    lastDelivery,
    subject,
  }: Pick<QueryFacts, 'config' | 'lastQuery'> & {
    readonly lastDelivery: AttemptRow | undefined;
    readonly subject: Subject | undefined;
  },
): AttentionItem {
  return {
    kind: row.kind,
    id: row.ref,
    external: row.external,
    state: row.state,
    since: shownTime(row.since ?? 0),
    payment: row.ref.startsWith('pay_') ? row.ref : subject?.payment,
    paymentId: shownIssuedId(row.payment_id),
    refundId: shownIssuedId(row.refund_id),
    externalRefundId: shownIssuedId(row.external_refund_id),
    shopTransactionId: shownText(row.shop_transaction_id) ?? subject?.shopTransactionId,
    amount: row.amount_minor ?? subject?.amount,
    currency: row.currency ?? subject?.currency,
    detail: shownText(row.detail),
    lastQuery: lastQuery && queryRecord(lastQuery),
    lastDelivery: lastDelivery && attemptRecord(lastDelivery),
    nextTryAt: shownTimeOrNone(row.next_at),
    advice: adviceOf(row, { config, lastQuery }),
  };
}

export function adviceOf(
  row: Pick<AttentionRow, 'kind' | 'payment_id' | 'shop_transaction_id' | 'next_at'>,
  known: Pick<QueryFacts, 'config' | 'lastQuery'>,
): string {
  const facts: QueryFacts = {
    ...known,
    paymentId: row.payment_id ?? undefined,
    shopTransactionId: row.shop_transaction_id ?? undefined,
    nextQueryAt: row.next_at ?? undefined,
  };
  const { kind } = row;
  if (kind === 'payment-unknown' || kind === 'payment-parked') return paymentAdvice(facts);
  return kind === 'refund-stuck' ? refundAdvice(facts) : ADVICE[kind];
}
