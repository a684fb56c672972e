import { Controller, Get, Post, Res } from '@nestjs/common';
import type { Response } from 'express';
import { ContractBody } from '../../http/contract-body.js';
import { sendJson } from '../../http/http-answer.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../security/scope.js';
import { AdminLists } from '../admin-lists.service.js';
import { AdminQuery, OperatorOf, OwnId } from '../admin-parameters.js';
import type { Operator } from '../resolutions/operator.js';
import { OperationResolutionRequest } from '../resolutions/resolution-requests.js';
import { OperationResolution } from '../resolutions/operation-resolution.service.js';
import { OperationQuery } from './operation-list.repository.js';
import { LIST_OPERATIONS, RESOLVE_OPERATION } from './operations-admin.documentation.js';

@Controller('admin/operations')
@RequireScope('admin')
export class OperationsAdminController {
  constructor(
    private readonly lists: AdminLists,
    private readonly resolutions: OperationResolution,
  ) {}

  @Get()
  @DescribeOperation(LIST_OPERATIONS)
  async list(@AdminQuery(OperationQuery) query: OperationQuery, @Res() response: Response): Promise<void> {
    sendJson(response, await this.lists.operations(query));
  }

  @Post(':id/resolve')
  @DescribeOperation(RESOLVE_OPERATION)
  async resolve(
    @OwnId('op') id: string,
    @OperatorOf() operator: Operator,
    @ContractBody(OperationResolutionRequest) body: OperationResolutionRequest,
    @Res() response: Response,
  ): Promise<void> {
    sendJson(response, await this.resolutions.resolve(id, body, operator));
  }
}
