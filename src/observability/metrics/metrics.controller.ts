import { Controller, Get, Res } from '@nestjs/common';
import type { Response } from 'express';
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
  async scrape(@Res() response: Response): Promise<void> {
    await this.database.refresh();
    const text = await this.metrics.text();
    response.setHeader('Content-Type', this.metrics.contentType);
    response.setHeader('Cache-Control', 'no-store');
    response.end(text);
  }
}
