import { Controller, Get } from '@nestjs/common';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { AdminLists } from '../admin-lists.service.js';
import { AdminQuery } from '../admin-parameters.js';
import type { Page } from '../lists/keyset.js';
import type { CallbackRecord } from '../records/callback-record.js';
import { CallbackQuery } from './callback-list.repository.js';
import { LIST_CALLBACKS } from './callbacks-list.documentation.js';

@Controller('admin/callbacks')
@RequireScope('admin')
export class CallbacksListController {
  constructor(private readonly lists: AdminLists) {}

  @Get()
  @DescribeOperation(LIST_CALLBACKS)
  list(@AdminQuery(CallbackQuery) query: CallbackQuery): Promise<Page<CallbackRecord>> {
    return this.lists.callbacks(query);
  }
}
