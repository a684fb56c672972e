export {
  Admin,
  type AdminAnswer,
  type AdminCsvPath,
  type AdminItem,
  type AdminListPath,
  type AdminPathWith,
  type AdminRequest,
} from './admin.js';
export type * from './contract.js';
export { External } from './external.js';
export type { components, operations, paths, webhooks } from './generated/openapi.js';
export type { EndedPayment, WaitOptions } from './payment-wait.js';
export type { RetryPolicy } from './retry-policy.js';
export { Tollgate } from './tollgate.js';
export { type ClientErrorCode, TollgateError, type TollgateErrorFields } from './tollgate-error.js';
export type { CallOptions, OperationOptions, TollgateOptions } from './transport.js';
export type { KnownNotification, Notification } from './receiving/notification.js';
export { NotificationError, type RefusalReason } from './receiving/notification-error.js';
export {
  createReceiver,
  type NotificationReceiver,
  type Receipt,
  type ReceiverOptions,
} from './receiving/notification-receiver.js';
export {
  MemoryNotificationStore,
  type NotificationStore,
  type NotificationVersions,
} from './receiving/notification-store.js';
export {
  type NotificationHeaders,
  type NotificationSecrets,
  verifyNotification,
  type VerifyOptions,
} from './receiving/verify-notification.js';
