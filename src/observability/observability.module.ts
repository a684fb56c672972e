import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { HttpModule } from '../http/http.module.js';
import { HealthChecks } from './health/health-checks.js';
import { HealthController } from './health/health.controller.js';
import { ReadinessProbe } from './health/readiness.probe.js';
import { Log } from './logging/log.js';
import type { LogOutput } from './logging/log-output.js';
import { CommitMetrics } from './metrics/commit.metrics.js';
import { DatabaseGauges } from './metrics/database.gauges.js';
import { MetricsPage } from './metrics/metrics-page.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { Metrics } from './metrics/metrics.js';
import { ProcessMetrics } from './metrics/process.metrics.js';
import { OperatingListener } from './operating/operating-listener.js';
import { RequestTelemetry } from './request.telemetry.js';
import { Tracer } from './tracing/tracer.js';

/** Created before Nest, whose first lines are logged too. */
export interface Instruments {
  readonly log: Log;
  readonly logOutput: LogOutput;
  readonly tracer: Tracer;
}

const LOG_OUTPUT = Symbol('LogOutput');

/** Logs, metrics, traces and health, for every module (SPEC §8). */
@Module({})
export class ObservabilityModule implements OnApplicationShutdown {
  static register({ log, logOutput, tracer }: Instruments): DynamicModule {
    return {
      module: ObservabilityModule,
      global: true,
      imports: [TerminusModule.forRoot({ logger: false }), HttpModule],
      controllers: [HealthController, MetricsController],
      providers: [
        { provide: Log, useValue: log },
        { provide: LOG_OUTPUT, useValue: logOutput },
        { provide: Tracer, useValue: tracer },
        CommitMetrics,
        DatabaseGauges,
        HealthChecks,
        Metrics,
        MetricsPage,
        OperatingListener,
        ProcessMetrics,
        ReadinessProbe,
        RequestTelemetry,
      ],
      exports: [DatabaseGauges, HealthChecks, Log, Metrics, RequestTelemetry, Tracer],
    };
  }

  constructor(
    private readonly tracer: Tracer,
    @Inject(LOG_OUTPUT) private readonly logOutput: LogOutput,
    metrics: Metrics,
  ) {
    metrics.total(
      'tollgate_log_lines_dropped_total',
      'Log lines that were dropped: the reader of standard output stalls or is gone, or its disk is full.',
      () => logOutput.droppedLines ?? 0,
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await this.tracer.close();
    this.logOutput.close();
  }
}
