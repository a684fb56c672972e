import type { components } from '@tollgate/client';

type Schemas = components['schemas'];

export type Me = Schemas['MeRecord'];
export type AttentionItem = Schemas['AttentionItem'];
export type AttentionKind = AttentionItem['kind'];
export type ExternalRecord = Schemas['ExternalRecord'];
export type PaymentRecord = Schemas['PaymentRecord'];
export type PaymentDetail = Schemas['PaymentDetail'];
export type StoryEntry = Schemas['StoryEntry'];
export type RefundRecord = Schemas['RefundRecord'];
export type SubscriptionRecord = Schemas['SubscriptionRecord'];
export type NotificationRecord = Schemas['NotificationRecord'];
export type NotificationState = NotificationRecord['state'];
export type CallbackRecord = Schemas['CallbackRecord'];
export type OperationRecord = Schemas['UnknownOperationRecord'];
export type AuditRecord = Schemas['AuditRecord'];
export type SearchResult = Schemas['SearchResult'];
export type SearchHit = Schemas['SearchHit'];

/** A page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** Payments or refunds of one currency in one state. */
export interface TotalRecord {
  readonly currency?: string;
  readonly state: string;
  readonly items: number;
  /** Minor units. */
  readonly amount: number;
  readonly itemsByStep: readonly number[];
  readonly amountByStep: readonly number[];
}

/** The totals of a time, by steps of it. */
export interface PeriodSummary {
  readonly from: string;
  readonly stepHours: number;
  readonly steps: number;
  readonly payments: readonly TotalRecord[];
  readonly refunds: readonly TotalRecord[];
}

/** The figures of the first page. */
export interface Summary {
  readonly at: string;
  readonly countedAt?: string;
  readonly externals: readonly {
    readonly external: string;
    readonly nextTryAt?: string;
    readonly lastHour?: { readonly calls: number; readonly successRate: number; readonly p95Ms: number };
  }[];
  readonly deliveries: readonly {
    readonly receiver: string;
    readonly waiting: number;
    readonly dead: number;
  }[];
  readonly last24Hours: PeriodSummary;
  readonly last30Days: PeriodSummary;
}
