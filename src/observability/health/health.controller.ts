import { Controller, Get, Res } from '@nestjs/common';
import type { Response } from 'express';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { LIVE, READY } from '../operating.documentation.js';
import { sendHealth } from './send-health.js';
import { ReadinessProbe } from './readiness.probe.js';

/** For an orchestrator's probes (SPEC §8). The bodies are terminus', also where something is down. */
@Controller('health')
export class HealthController {
  constructor(private readonly readiness: ReadinessProbe) {}

  /** The process answers; nothing else is looked at: a restart would bring no database back. */
  @Get('live')
  @DescribeOperation(LIVE)
  live(@Res() response: Response): void {
    sendHealth(response, true, { status: 'ok' });
  }

  @Get('ready')
  @DescribeOperation(READY)
  async ready(@Res() response: Response): Promise<void> {
    const { ready, body } = await this.readiness.look();
    sendHealth(response, ready, body);
  }
}
