import { Controller, Get, Req } from '@nestjs/common';
import type { Request } from 'express';
import { TextAnswer } from '../../http/http-answer.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { mayKnowExternals } from '../../http/request-context.js';
import { METRICS } from '../operating.documentation.js';
import { MetricsPage } from './metrics-page.js';

/** What Prometheus scrapes (SPEC §8). */
@Controller('metrics')
export class MetricsController {
  constructor(private readonly page: MetricsPage) {}

  @Get()
  @DescribeOperation(METRICS)
  async scrape(@Req() request: Request): Promise<TextAnswer> {
    return new TextAnswer(200, await this.page.bytes(mayKnowExternals(request)), this.page.contentType);
  }
}
