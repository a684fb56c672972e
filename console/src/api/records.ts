import type { components } from '@tollgate/client';

type Schemas = components['schemas'];

export type Me = Schemas['MeRecord'];
export type AttentionItem = Schemas['AttentionItem'];
export type AttentionKind = AttentionItem['kind'];
export type ExternalRecord = Schemas['ExternalRecord'];
export type PaymentRecord = Schemas['PaymentRecord'];
export type PaymentDetail = Schemas['PaymentDetail'];
export type StoryEntry = Schemas['StoryEntry'];
export type EventRecord = Schemas['EventRecord'];
export type RefundRecord = Schemas['RefundRecord'];
export type SubscriptionRecord = Schemas['SubscriptionRecord'];
export type NotificationRecord = Schemas['NotificationRecord'];
export type NotificationState = NotificationRecord['state'];
export type CallbackRecord = Schemas['CallbackRecord'];
export type OperationRecord = Schemas['UnknownOperationRecord'];
export type AuditRecord = Schemas['AuditRecord'];
export type SearchResult = Schemas['SearchResult'];
export type SearchHit = Schemas['SearchHit'];
export type TotalRecord = Schemas['TotalRecord'];
export type PeriodSummary = Schemas['PeriodSummary'];
export type Summary = Schemas['Summary'];

/** A page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}
