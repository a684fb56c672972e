import type { CallbackTable } from '../callbacks/callback.table.js';
import type { ProcessedCallbackTable } from '../callbacks/processed-callback.table.js';
import type {
  NotificationAttemptTable,
  NotificationReplayTable,
  NotificationTable,
} from '../notifications/notification.table.js';
import type { LedgerEventTable } from '../operations/ledger-event.table.js';
import type { OperationTable } from '../operations/operation.table.js';
import type { PaymentTable } from '../payments/payment.table.js';
import type { RefundTable } from '../refunds/refund.table.js';
import type { SubscriptionTable } from '../subscriptions/subscription.table.js';
import type { SettingsTable } from './settings.table.js';

/** Every table by its name. Each room describes its own rows in a `*.table.ts`; this is the only place that knows them all. */
export interface DatabaseSchema {
  settings: SettingsTable;
  operations: OperationTable;
  payments: PaymentTable;
  refunds: RefundTable;
  subscriptions: SubscriptionTable;
  ledger_events: LedgerEventTable;
  notifications: NotificationTable;
  notification_attempts: NotificationAttemptTable;
  notification_replays: NotificationReplayTable;
  callbacks: CallbackTable;
  taken_callbacks: ProcessedCallbackTable;
}
