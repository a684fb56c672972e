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
    'The newest first. Filters may be combined. A page looks at 2,000 notifications at most: it may be short, even empty, while ' +
    '`nextCursor` leads on. The attempts are told with the payment.',
  query: documentedQuery(NotificationQuery),
  answer: {
    type: NotificationPage,
    examples: {
      page: { summary: 'The only page', value: { items: [NOTIFICATION_EXAMPLE], nextCursor: null } },
    },
  },
};
