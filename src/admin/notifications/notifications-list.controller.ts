import { Controller, Get, Res } from '@nestjs/common';
import type { Response } from 'express';
import { sendJson } from '../../http/http-answer.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../security/scope.js';
import { AdminLists } from '../admin-lists.service.js';
import { AdminQuery } from '../admin-parameters.js';
import { NotificationQuery } from './notification-list.repository.js';
import { LIST_NOTIFICATIONS } from './notifications-list.documentation.js';

@Controller('admin/notifications')
@RequireScope('admin')
export class NotificationsListController {
  constructor(private readonly lists: AdminLists) {}

  @Get()
  @DescribeOperation(LIST_NOTIFICATIONS)
  async list(
    @AdminQuery(NotificationQuery) query: NotificationQuery,
    @Res() response: Response,
  ): Promise<void> {
    sendJson(response, await this.lists.notifications(query));
  }
}
