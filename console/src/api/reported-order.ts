import type { NotificationRecord } from './records';

/** The order that a notification is about, as its body names it; erased bodies name none. */
export function reportedOrder({ payload }: Pick<NotificationRecord, 'payload'>): string | undefined {
  const { shopTransactionId } = (payload ?? {}) as { readonly shopTransactionId?: unknown };
  return typeof shopTransactionId === 'string' ? shopTransactionId : undefined;
}
