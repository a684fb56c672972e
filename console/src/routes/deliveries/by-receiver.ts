import type { NotificationRecord, Page } from '../../api/records';
import { texts } from '../../texts/en';

/** The notifications of one receiver. */
export interface ReceiverGroup {
  readonly receiver: string;
  readonly notifications: readonly NotificationRecord[];
  /** How many there are; “or more” where the page is not the last. */
  readonly count: string;
}

/** The notifications of a page by their receiver, the one with most first. */
export function byReceiver({ items, nextCursor }: Page<NotificationRecord>): readonly ReceiverGroup[] {
  return [...Map.groupBy(items, ({ receiver }) => receiver)]
    .map(([receiver, notifications]) => ({
      receiver,
      notifications,
      count:
        nextCursor === null ? String(notifications.length) : texts.deliveries.atLeast(notifications.length),
    }))
    .toSorted((a, b) => b.notifications.length - a.notifications.length);
}
