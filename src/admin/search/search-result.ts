import { Field } from '../../rules/field.js';
import { externalName } from '../../rules/network-rules.js';
import { oneOf } from '../../rules/rule.js';
import { amount, currency, issuedIdentifier, listOf, text, texts } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';

export const HIT_KINDS = [
  'payment',
  'refund',
  'subscription',
  'operation',
  'notification',
  'callback',
  'act',
] as const;

export type HitKind = (typeof HIT_KINDS)[number];

/** The names that a search compares with. */
export const SEARCHED_NAMES = [
  'id',
  'paymentId',
  'shopTransactionId',
  'refundId',
  'subscriptionToken',
  'requestId',
  'traceId',
] as const;

export type SearchedName = (typeof SEARCHED_NAMES)[number];

/** An item that a search found. */
export class SearchHit {
  @Field(oneOf(HIT_KINDS), { description: '`act`: an entry of the audit.', example: 'payment' })
  kind: HitKind;

  @Field(text, { description: 'The gateway’s own id.', example: 'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10' })
  id: string;

  @Field(oneOf(SEARCHED_NAMES), { description: 'The name that matched.', example: 'shopTransactionId' })
  matched: SearchedName;

  @Field(text, {
    optional: true,
    description: 'The payment that it is, or is about.',
    example: 'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10',
  })
  payment?: string | undefined;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'The order of the payment or subscription that it is, or is about.',
    example: 'order-1001',
  })
  shopTransactionId?: string | undefined;

  @Field(externalName, { optional: true, example: 'acme' })
  external?: string | undefined;

  @Field(text, { optional: true, example: 'ACCEPTED' })
  state?: string | undefined;

  @Field(amount(0), { optional: true, description: 'In minor units.', example: 1299 })
  amount?: number | undefined;

  @Field(currency, { optional: true, example: 'EUR' })
  currency?: string | undefined;

  @Field(instant, { example: '2026-01-31T12:00:00.000Z' })
  createdAt: string;
}

/** An item as it is found, before the payment and the order that it is about are read. */
export type FoundItem = Omit<SearchHit, 'payment' | 'shopTransactionId'> & {
  /** The payment, refund or subscription that it is, or is about; undefined: none, or not known by its own id. */
  readonly subject: string | undefined;
};

/** What a search found. */
export class SearchResult {
  @Field(texts, { description: 'The names that were compared with the text.', example: [...SEARCHED_NAMES] })
  searched: string[];

  @Field(instant, {
    optional: true,
    description: 'Requests and traces have no index: those since this time were searched. Absent: all.',
    example: '2026-01-30T00:00:00.000Z',
  })
  requestsSince?: string | undefined;

  @Field(listOf(() => SearchHit), { description: 'At most 50, the newest first.' })
  items: SearchHit[];
}
