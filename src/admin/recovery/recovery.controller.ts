import { Controller, Get, Post } from '@nestjs/common';
import { type Operator, OperatorOf } from '../../audit/operator.js';
import { JsonBody } from '../../http/json-body.decorator.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { AdminQuery, NoQuery } from '../admin-parameters.js';
import { RecoveryEndRequest, type RecoveryStatus } from './recovery-record.js';
import { END_RECOVERY, GET_RECOVERY } from './recovery.documentation.js';
import { RecoveryService } from './recovery.service.js';

@Controller('admin/recovery')
export class RecoveryController {
  constructor(private readonly recovery: RecoveryService) {}

  @Get()
  @RequireScope('admin-read')
  @DescribeOperation(GET_RECOVERY)
  get(@AdminQuery() _query: NoQuery): Promise<RecoveryStatus> {
    return this.recovery.status();
  }

  @Post('end')
  @RequireScope('admin-settle')
  @DescribeOperation(END_RECOVERY)
  end(
    @AdminQuery() _query: NoQuery,
    @OperatorOf() operator: Operator,
    @JsonBody() { reason }: RecoveryEndRequest,
  ): Promise<RecoveryStatus> {
    return this.recovery.end(reason, operator);
  }
}
