import { Controller, Get, Res } from '@nestjs/common';
import type { Response } from 'express';
import { sendJson } from '../../http/http-answer.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../security/scope.js';
import { AdminLists } from '../admin-lists.service.js';
import { AdminQuery } from '../admin-parameters.js';
import { LIST_ATTENTION } from './attention.documentation.js';
import { AttentionQuery } from './attention.repository.js';

/** What somebody must look at: empty on a good day. */
@Controller('admin/attention')
@RequireScope('admin')
export class AttentionController {
  constructor(private readonly lists: AdminLists) {}

  @Get()
  @DescribeOperation(LIST_ATTENTION)
  async list(@AdminQuery(AttentionQuery) query: AttentionQuery, @Res() response: Response): Promise<void> {
    sendJson(response, await this.lists.attention(query));
  }
}
