import { Controller, Get, Res } from '@nestjs/common';
import type { Response } from 'express';
import { sendJson } from '../../http/http-answer.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../security/scope.js';
import { AdminLists } from '../admin-lists.service.js';
import { AdminQuery } from '../admin-parameters.js';
import { CallbackQuery } from './callback-list.repository.js';
import { LIST_CALLBACKS } from './callbacks-list.documentation.js';

@Controller('admin/callbacks')
@RequireScope('admin')
export class CallbacksListController {
  constructor(private readonly lists: AdminLists) {}

  @Get()
  @DescribeOperation(LIST_CALLBACKS)
  async list(@AdminQuery(CallbackQuery) query: CallbackQuery, @Res() response: Response): Promise<void> {
    sendJson(response, await this.lists.callbacks(query));
  }
}
