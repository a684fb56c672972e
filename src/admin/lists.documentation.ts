import { exampleOf } from '../rules/field.js';
import { adviceOf, AttentionItem } from './attention/attention-item.js';
import { AttentionQuery } from './attention/attention.list.js';
import { AUDIT_COLUMNS, AuditQuery } from './audit/audit.list.js';
import { CALLBACK_COLUMNS, CallbackQuery } from './callbacks/callback.list.js';
import { ExternalRecord } from './externals/external-record.js';
import { csvAlternative } from './lists/csv-page.js';
import { listDescription, pageClass } from './lists/list-description.js';
import { PageQuery } from './lists/list-query.js';
import { NOTIFICATION_COLUMNS, NotificationQuery } from './notifications/notification.list.js';
import { OPERATION_COLUMNS, OperationQuery } from './operations/operation.list.js';
import { PAYMENT_COLUMNS } from './payments/payment-csv.js';
import { PaymentQuery } from './payments/payment.list.js';
import { AuditRecord } from './records/audit-record.js';
import { CallbackRecord } from './records/callback-record.js';
import {
  CALLBACK_EXAMPLE,
  NEXT_CURSOR_EXAMPLE,
  NOTIFICATION_EXAMPLE,
  PAYMENT_EXAMPLE,
  SUBSCRIPTION_EXAMPLE,
  UNKNOWN_OPERATION_EXAMPLE,
  UNKNOWN_PAYMENT_EXAMPLE,
} from './records/examples.js';
import { NotificationRecord } from './records/notification-record.js';
import { UnknownOperationRecord } from './records/operation-record.js';
import { PaymentRecord } from './records/payment-record.js';
import { SubscriptionRecord } from './records/subscription-record.js';
import { SUBSCRIPTION_COLUMNS, SubscriptionQuery } from './subscriptions/subscription.list.js';

export const AttentionPage = pageClass('AttentionPage', AttentionItem);
export const AuditPage = pageClass('AuditPage', AuditRecord);
export const CallbackPage = pageClass('CallbackPage', CallbackRecord);
export const ExternalPage = pageClass('ExternalPage', ExternalRecord);
export const NotificationPage = pageClass('NotificationPage', NotificationRecord);
export const OperationPage = pageClass('OperationPage', UnknownOperationRecord);
export const PaymentPage = pageClass('PaymentPage', PaymentRecord);
export const SubscriptionPage = pageClass('SubscriptionPage', SubscriptionRecord);

export const LIST_ATTENTION = listDescription({
  id: 'listAttention',
  summary: 'List items of attention',
  description:
    'Lists what an operator must resolve, newest first, each item with advice: payments that are UNKNOWN or parked; orders that were paid twice, and canceled payments that were accepted all the same; refunds that are UNKNOWN, parked, PENDING for a day where the external cannot be queried, or have changed their end; ids that the external gave twice; parked subscriptions; changes of subscriptions of unknown outcome; DEAD notifications; callbacks of the last 30 days that the external never confirmed, unless the end of their payment is known; externals whose circuit is not closed or that refuse the gateway’s credentials, as the answering replica sees them.',
  query: AttentionQuery,
  page: AttentionPage,
  example: {
    summary: 'One payment',
    items: [
      exampleOf(AttentionItem, {
        paymentId: undefined,
        refundId: undefined,
        externalRefundId: undefined,
        detail: undefined,
        lastQuery: undefined,
        nextTryAt: undefined,
        advice: adviceOf({ kind: 'payment-unknown' }, { config: undefined, lastQuery: undefined }),
      }),
    ],
  },
});

const AUDIT_EXAMPLE = exampleOf(AuditRecord);

export const LIST_AUDIT = listDescription({
  id: 'listAudit',
  summary: 'List what operators did',
  description:
    'Lists checks, replays and resolutions by operators, and those that were refused for lack of a scope, newest first. An entry is stored in the transaction of the act and never changes. Filters can be combined. A page scans at most 2,000 entries: it may be short or empty while `nextCursor` is not null. With `Accept: text/csv` the page is CSV, and the `Link` header leads to the next page.',
  query: AuditQuery,
  page: AuditPage,
  example: { summary: 'The only page', items: [AUDIT_EXAMPLE] },
  alternatives: csvAlternative<AuditRecord>(AUDIT_COLUMNS, 'One act', [AUDIT_EXAMPLE]),
});

export const LIST_CALLBACKS = listDescription({
  id: 'listCallbacks',
  summary: 'List callbacks',
  description:
    'Lists callbacks, newest first. Filters can be combined. A page scans at most 2,000 callbacks: it may be short or empty while `nextCursor` is not null. With `Accept: text/csv` the page is CSV, and the `Link` header leads to the next page.',
  query: CallbackQuery,
  page: CallbackPage,
  example: { summary: 'The only page', items: [CALLBACK_EXAMPLE] },
  alternatives: csvAlternative<CallbackRecord>(CALLBACK_COLUMNS, 'One callback', [CALLBACK_EXAMPLE]),
});

export const LIST_EXTERNALS = listDescription({
  id: 'listExternals',
  summary: 'List externals',
  description:
    'Lists the configuration of the externals without secrets, and their health as the answering replica sees it: circuit breaker, calls in flight, latency, last success and failure.',
  query: PageQuery,
  page: ExternalPage,
  example: {
    summary: 'A healthy external',
    items: [exampleOf(ExternalRecord)],
  },
});

export const LIST_NOTIFICATIONS = listDescription({
  id: 'listNotifications',
  summary: 'List notifications',
  description:
    'Lists notifications, newest first. Filters can be combined. A page scans at most 2,000 notifications: it may be short or empty while `nextCursor` is not null. `GET /admin/payments/{id}` has the attempts. With `Accept: text/csv` the page is CSV, and the `Link` header leads to the next page.',
  query: NotificationQuery,
  page: NotificationPage,
  example: { summary: 'The only page', items: [NOTIFICATION_EXAMPLE] },
  alternatives: csvAlternative<NotificationRecord>(NOTIFICATION_COLUMNS, 'One notification', [
    NOTIFICATION_EXAMPLE,
  ]),
});

export const LIST_OPERATIONS = listDescription({
  id: 'listOperations',
  summary: 'List operations of unknown outcome',
  description:
    'Lists operations of unknown outcome, newest first. `paymentState` is the current state of the payment; refunds that are still open are listed under `/admin/attention`. With `Accept: text/csv` the page is CSV, and the `Link` header leads to the next page.',
  query: OperationQuery,
  page: OperationPage,
  example: { summary: 'The only page', items: [UNKNOWN_OPERATION_EXAMPLE] },
  alternatives: csvAlternative<UnknownOperationRecord>(OPERATION_COLUMNS, 'One operation', [
    UNKNOWN_OPERATION_EXAMPLE,
  ]),
});

export const LIST_PAYMENTS = listDescription({
  id: 'listPayments',
  summary: 'List payments',
  description:
    'Lists payments, newest first. Filters can be combined. With a filter on amount or currency, a page scans at most 2,000 payments: it may be short or empty while `nextCursor` is not null. With `Accept: text/csv` the page is CSV, and the `Link` header leads to the next page.',
  query: PaymentQuery,
  page: PaymentPage,
  example: {
    summary: 'A page with a next page',
    items: [UNKNOWN_PAYMENT_EXAMPLE, PAYMENT_EXAMPLE],
    nextCursor: NEXT_CURSOR_EXAMPLE,
  },
  examples: { nothing: { summary: 'No match', value: { items: [], nextCursor: null } } },
  alternatives: csvAlternative<PaymentRecord>(PAYMENT_COLUMNS, 'One payment', [PAYMENT_EXAMPLE]),
});

export const LIST_SUBSCRIPTIONS = listDescription({
  id: 'listSubscriptions',
  summary: 'List subscriptions',
  description:
    'Lists subscriptions, newest first. Filters can be combined. With `Accept: text/csv` the page is CSV, and the `Link` header leads to the next page.',
  query: SubscriptionQuery,
  page: SubscriptionPage,
  example: { summary: 'The only page', items: [SUBSCRIPTION_EXAMPLE] },
  alternatives: csvAlternative<SubscriptionRecord>(SUBSCRIPTION_COLUMNS, 'One subscription', [
    SUBSCRIPTION_EXAMPLE,
  ]),
});
