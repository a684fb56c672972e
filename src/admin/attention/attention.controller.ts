import { Controller, Get } from '@nestjs/common';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { AdminLists } from '../admin-lists.service.js';
import { AdminQuery } from '../admin-parameters.js';
import type { Page } from '../lists/keyset.js';
import type { AttentionItem } from './attention-item.js';
import { LIST_ATTENTION } from './attention.documentation.js';
import { AttentionQuery } from './attention.repository.js';

/** What somebody must look at: empty on a good day. */
@Controller('admin/attention')
@RequireScope('admin')
export class AttentionController {
  constructor(private readonly lists: AdminLists) {}

  @Get()
  @DescribeOperation(LIST_ATTENTION)
  list(@AdminQuery(AttentionQuery) query: AttentionQuery): Promise<Page<AttentionItem>> {
    return this.lists.attention(query);
  }
}
