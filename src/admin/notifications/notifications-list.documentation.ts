import type { OperationDescription } from '../../http/openapi/operation-description.js';
import { documentedQuery } from '../lists/list-query.js';
import { NOTIFICATION_EXAMPLE } from '../records/examples.js';
import { NotificationPage } from '../records/notification-record.js';
import { NotificationQuery } from './notification-list.repository.js';

export const LIST_NOTIFICATIONS: OperationDescription = {
  id: 'listNotifications',
  tag: 'Admin',
  summary: 'List notifications',
  description:
    'Lists notifications, newest first. Filters can be combined. A page scans at most 2,000 notifications: it may be short or empty while `nextCursor` is not null. `GET /admin/payments/{id}` has the attempts.',
  query: documentedQuery(NotificationQuery),
  answer: {
    type: NotificationPage,
    examples: {
      page: { summary: 'The only page', value: { items: [NOTIFICATION_EXAMPLE], nextCursor: null } },
    },
  },
};
