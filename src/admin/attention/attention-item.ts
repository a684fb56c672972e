import { Field } from '../../rules/field.js';
import { externalName } from '../../rules/network-rules.js';
import { oneOf } from '../../rules/rule.js';
import { amount, currency, issuedIdentifier, listOf, text, textOrNull } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import { shownIdentifier, shownText, shownTime } from '../records/shown.js';

/** What somebody must look at, by what can be done about it. */
export const ATTENTION_KINDS = [
  'payment-unknown',
  'payment-parked',
  'refund-stuck',
  'subscription-parked',
  'operation-unknown',
  'notification-dead',
  'callback-unconfirmed',
] as const;

export type AttentionKind = (typeof ATTENTION_KINDS)[number];

/** What an operator does about each kind. */
const ADVICE: Readonly<Record<AttentionKind, string>> = {
  'payment-unknown':
    'It may have been executed. POST /admin/payments/{id}/check asks the external; where that tells nothing, find out from its people and POST /admin/payments/{id}/resolve.',
  'payment-parked':
    'The external has said PENDING for the whole reconciliation schedule. Find out from its people and POST /admin/payments/{id}/resolve.',
  'refund-stuck':
    'No question of the contract tells what became of a refund. Find out from the external’s people and POST /admin/refunds/{id}/resolve.',
  'subscription-parked':
    'Nobody knows how it stands. Find out from the external’s people and POST /admin/subscriptions/{id}/resolve.',
  'operation-unknown':
    'A change of a subscription may have been executed. Find out from the external’s people and POST /admin/operations/{id}/resolve.',
  'notification-dead':
    'The receiver never took it. When it is well again, POST /admin/notifications/{id}/replay.',
  'callback-unconfirmed':
    'The external told of a payment, and never confirmed it when asked. Is it one of its own? Nothing was changed by it.',
};

/** A row that needs attention, whichever table it is of. `id` is its id without the prefix, and so ordered by time among all of them. */
export interface AttentionRow {
  readonly id: string;
  readonly ref: string;
  readonly kind: AttentionKind;
  readonly external: string;
  readonly state: string;
  /** Since when it is as it is. */
  readonly since: number;
  readonly payment_id: string | null;
  readonly shop_transaction_id: string | null;
  readonly amount_minor: number | null;
  readonly currency: string | null;
  readonly detail: string | null;
  /** Somebody has found out by other means meanwhile. */
  readonly settled: boolean;
}

export class AttentionItem {
  @Field(oneOf(ATTENTION_KINDS), { example: 'payment-unknown' })
  kind: AttentionKind;

  @Field(text, { description: 'The gateway’s own id.', example: 'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10' })
  id: string;

  @Field(externalName, { example: 'acme' })
  external: string;

  @Field(text, { example: 'UNKNOWN' })
  state: string;

  @Field(instant, { description: 'When it entered this state.', example: '2026-01-31T12:00:10.000Z' })
  since: string;

  @Field(issuedIdentifier, { optional: true, example: 'pm_7f3a' })
  paymentId?: string | undefined;

  @Field(issuedIdentifier, { optional: true, example: 'order-1001' })
  shopTransactionId?: string | undefined;

  @Field(amount(0), { optional: true, description: 'In minor units.', example: 1299 })
  amount?: number | undefined;

  @Field(currency, { optional: true, example: 'EUR' })
  currency?: string | undefined;

  @Field(text, { optional: true, description: 'The reason, where it is known.', example: 'timeout' })
  detail?: string | undefined;

  @Field(text, { description: 'What to do next.' })
  advice: string;
}

export class AttentionPage {
  @Field(listOf(() => AttentionItem))
  items: AttentionItem[];

  @Field(textOrNull, {
    description:
      'The cursor of the next page; `null` on the last. A page may be short, even empty, before the last.',
  })
  nextCursor: string | null;
}

export function attentionItem(row: AttentionRow): AttentionItem {
  return {
    kind: row.kind,
    id: row.ref,
    external: row.external,
    state: row.state,
    since: shownTime(row.since),
    paymentId: shownIdentifier(row.payment_id),
    shopTransactionId: shownIdentifier(row.shop_transaction_id),
    amount: row.amount_minor ?? undefined,
    currency: row.currency ?? undefined,
    detail: shownText(row.detail),
    advice: ADVICE[row.kind],
  };
}
