import { Controller, Get } from '@nestjs/common';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { AdminLists } from '../admin-lists.service.js';
import { AdminQuery } from '../admin-parameters.js';
import type { Page } from '../lists/keyset.js';
import type { NotificationRecord } from '../records/notification-record.js';
import { NotificationQuery } from './notification-list.repository.js';
import { LIST_NOTIFICATIONS } from './notifications-list.documentation.js';

@Controller('admin/notifications')
@RequireScope('admin')
export class NotificationsListController {
  constructor(private readonly lists: AdminLists) {}

  @Get()
  @DescribeOperation(LIST_NOTIFICATIONS)
  list(@AdminQuery(NotificationQuery) query: NotificationQuery): Promise<Page<NotificationRecord>> {
    return this.lists.notifications(query);
  }
}
