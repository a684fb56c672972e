import { Controller, Get, Header } from '@nestjs/common';
import { TextAnswer } from '../../http/http-answer.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { METRICS } from '../operating.documentation.js';
import { DatabaseGauges } from './database.gauges.js';
import { Metrics } from './metrics.js';

/** What Prometheus scrapes (SPEC §8). */
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly database: DatabaseGauges,
  ) {}

  @Get()
  @DescribeOperation(METRICS)
  @Header('Cache-Control', 'no-store')
  async scrape(): Promise<TextAnswer> {
    await this.database.refresh();
    return new TextAnswer(200, await this.metrics.text(), this.metrics.contentType);
  }
}
