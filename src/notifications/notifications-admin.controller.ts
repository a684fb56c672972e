import { Controller, Param, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { type Operator, OperatorOf } from '../audit/operator.js';
import { JsonBody } from '../http/json-body.decorator.js';
import { DescribeOperation } from '../http/openapi/operation-description.js';
import { refuseQuery } from '../http/request-parameters.js';
import { RequireScope } from '../http/require-scope.decorator.js';
import { REPLAY_ALL, REPLAY_ONE } from './notifications-admin.documentation.js';
import { NotificationReplay, type ReplayCount } from './notification.replay.js';
import type { NotificationRow } from './notification.table.js';
import { replayFilterOf, ReplayRequest } from './replay-request.js';

/** What operators do about notifications that did not arrive (SPEC §8). */
@Controller('admin/notifications')
export class NotificationsAdminController {
  constructor(private readonly replay: NotificationReplay) {}

  @Post('replay')
  @DescribeOperation(REPLAY_ALL)
  @RequireScope('admin-act')
  replayAll(
    @Req() request: Request,
    @JsonBody({ optional: true }) body: ReplayRequest,
    @OperatorOf() operator: Operator,
  ): Promise<ReplayCount> {
    refuseQuery(request);
    return this.replay.all(replayFilterOf(body), operator);
  }

  @Post(':id/replay')
  @DescribeOperation(REPLAY_ONE)
  @RequireScope('admin-act')
  replayOne(
    @Param('id') id: string,
    @OperatorOf() operator: Operator,
  ): Promise<Pick<NotificationRow, 'id' | 'state'>> {
    return this.replay.one(id, operator);
  }
}
