import { Controller, Get } from '@nestjs/common';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { AdminQuery, NoQuery } from '../admin-parameters.js';
import { GET_SUMMARY } from './summary.documentation.js';
import type { Summary } from './summary.js';
import { SummaryService } from './summary.service.js';

@Controller('admin/summary')
@RequireScope('admin-read')
export class SummaryController {
  constructor(private readonly summaries: SummaryService) {}

  @Get()
  @DescribeOperation(GET_SUMMARY)
  get(@AdminQuery() _query: NoQuery): Promise<Summary> {
    return this.summaries.summary();
  }
}
