import type { ReactNode } from 'react';
import { loadPage } from '../../api/list-page';
import type { NotificationRecord } from '../../api/records';
import { reportedOrder } from '../../api/reported-order';
import { choice, EXTERNAL_FILTER, textFilter, TIME_FILTERS } from '../../lists/common-filters';
import type { ListDefinition } from '../../lists/list-definition';
import { ListPage } from '../../lists/list-page';
import { Time } from '../../parts/time';
import { texts } from '../../texts/en';
import { NotificationBadge, NotificationDetails } from './notification-details';

const { fields } = texts;

const NOTIFICATIONS: ListDefinition<NotificationRecord> = {
  title: texts.navigation.notifications,
  path: '/admin/notifications',
  filters: [
    choice(
      'state',
      fields.state,
      ['PENDING', 'LEASED', 'RETRY', 'DELIVERED', 'DEAD', 'SUPERSEDED'],
      texts.notificationState,
    ),
    EXTERNAL_FILTER,
    textFilter('receiver', fields.receiver),
    choice('event', fields.event, ['payment', 'refund', 'subscription']),
    textFilter('payment', fields.payment),
    ...TIME_FILTERS,
  ],
  columns: [
    {
      id: 'order',
      label: fields.shopTransactionId,
      kind: 'id',
      cell: (each) => reportedOrder(each) ?? each.id,
    },
    {
      id: 'state',
      label: fields.state,
      kind: 'state',
      cell: (each) => <NotificationBadge state={each.state} />,
    },
    { id: 'receiver', label: fields.receiver, cell: (each) => each.receiver },
    { id: 'event', label: fields.event, cell: (each) => each.event },
    { id: 'external', label: fields.external, cell: (each) => each.external },
    { id: 'attempts', label: fields.attempts, kind: 'count', cell: (each) => each.attempts },
    { id: 'created', label: fields.createdAt, kind: 'time', cell: (each) => <Time at={each.createdAt} /> },
    {
      id: 'next',
      label: fields.nextAttemptAt,
      kind: 'time',
      hidden: true,
      cell: (each) => <Time at={each.nextAttemptAt} />,
    },
    {
      id: 'delivered',
      label: fields.deliveredAt,
      kind: 'time',
      hidden: true,
      cell: (each) => <Time at={each.deliveredAt} />,
    },
    { id: 'id', label: fields.id, kind: 'id', hidden: true, cell: (each) => each.id },
  ],
  load: loadPage('/admin/notifications'),
  details: (notification) => <NotificationDetails notification={notification} />,
};

export function NotificationsPage(): ReactNode {
  return <ListPage definition={NOTIFICATIONS} />;
}
