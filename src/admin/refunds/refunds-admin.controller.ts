import { Controller, Post } from '@nestjs/common';
import { JsonBody } from '../../http/json-body.decorator.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { OperatorOf, OwnId } from '../admin-parameters.js';
import type { Operator } from '../resolutions/operator.js';
import type { RefundRecord } from '../records/refund-record.js';
import { RefundResolution } from '../resolutions/refund-resolution.service.js';
import { RefundResolutionRequest } from '../resolutions/resolution-requests.js';
import { RESOLVE_REFUND } from './refunds-admin.documentation.js';

@Controller('admin/refunds')
@RequireScope('admin')
export class RefundsAdminController {
  constructor(private readonly resolutions: RefundResolution) {}

  @Post(':id/resolve')
  @DescribeOperation(RESOLVE_REFUND)
  resolve(
    @OwnId('ref') id: string,
    @OperatorOf() operator: Operator,
    @JsonBody() body: RefundResolutionRequest,
  ): Promise<RefundRecord> {
    return this.resolutions.resolve(id, body, operator);
  }
}
