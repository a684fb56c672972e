import { Controller, Get, Req } from '@nestjs/common';
import type { Request } from 'express';
import { JSON_TYPE, TextAnswer } from '../../http/http-answer.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { LIVE, READY } from '../operating.documentation.js';
import { mayKnowExternals } from '../../http/request-context.js';
import { ReadinessProbe } from './readiness.probe.js';

/** For an orchestrator's probes (SPEC §8). The bodies are those of terminus, also when a dependency is down. */
@Controller('health')
export class HealthController {
  constructor(private readonly readiness: ReadinessProbe) {}

  /** Checks nothing but the process: a restart would not bring a database back. */
  @Get('live')
  @DescribeOperation(LIVE)
  live(): object {
    return { status: 'ok' };
  }

  @Get('ready')
  @DescribeOperation(READY)
  async ready(@Req() request: Request): Promise<TextAnswer> {
    const { ready, body, namedBody } = await this.readiness.check();
    const shown = mayKnowExternals(request) ? namedBody : body;
    return new TextAnswer(ready ? 200 : 503, JSON.stringify(shown), JSON_TYPE);
  }
}
