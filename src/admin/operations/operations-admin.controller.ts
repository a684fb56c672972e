import { Controller, Get, Post } from '@nestjs/common';
import { JsonBody } from '../../http/json-body.decorator.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { AdminLists } from '../admin-lists.service.js';
import { AdminQuery, OperatorOf, OwnId } from '../admin-parameters.js';
import type { Operator } from '../resolutions/operator.js';
import type { Page } from '../lists/keyset.js';
import type { OperationRecord, UnknownOperationRecord } from '../records/operation-record.js';
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
  list(@AdminQuery(OperationQuery) query: OperationQuery): Promise<Page<UnknownOperationRecord>> {
    return this.lists.operations(query);
  }

  @Post(':id/resolve')
  @DescribeOperation(RESOLVE_OPERATION)
  resolve(
    @OwnId('op') id: string,
    @OperatorOf() operator: Operator,
    @JsonBody() body: OperationResolutionRequest,
  ): Promise<OperationRecord> {
    return this.resolutions.resolve(id, body, operator);
  }
}
