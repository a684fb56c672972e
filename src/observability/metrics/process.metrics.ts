import { constants, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { VERSION } from '../version.js';
import { Metrics } from './metrics.js';

const LAG_RESOLUTION_MS = 10;
const NANOSECONDS = 1e9;
const MICROSECONDS = 1e6;
const MILLISECONDS = 1e3;
const GC_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1];
const GC_KINDS = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
]);

/**
 * Build, CPU, memory, garbage collection and event loop, under the names that dashboards for Node expect.
 * prom-client's own collection loads OpenTelemetry and cannot be stopped; this one ends with the application.
 */
@Injectable()
export class ProcessMetrics implements OnApplicationShutdown {
  readonly #lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  readonly #gc: PerformanceObserver;

  constructor(private readonly metrics: Metrics) {
    this.#lag.enable();
    this.#declareLag();
    this.#declareProcess();
    const durations = metrics.histogram(
      'nodejs_gc_duration_seconds',
      'Time of garbage collections by kind.',
      GC_BUCKETS,
      ['kind'],
    );
    this.#gc = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { kind = 0 } = (entry as { detail?: { kind?: number } }).detail ?? {};
        durations.observe({ kind: GC_KINDS.get(kind) ?? 'other' }, entry.duration / 1_000);
      }
    });
    this.#gc.observe({ entryTypes: ['gc'] });
  }

  onApplicationShutdown(): void {
    this.#lag.disable();
    this.#gc.disconnect();
  }

  /** Since the previous scrape. The histogram includes the timer's own interval, which is subtracted here. */
  #declareLag(): void {
    this.metrics.gauge(
      'tollgate_event_loop_lag_seconds',
      'How late timers ran since the scrape before: mean, p50, p99 and max.',
      () => {
        const { mean, max } = this.#lag;
        const samples = [
          { labels: { stat: 'mean' }, value: seconds(mean) },
          { labels: { stat: 'p50' }, value: seconds(this.#lag.percentile(50)) },
          { labels: { stat: 'p99' }, value: seconds(this.#lag.percentile(99)) },
          { labels: { stat: 'max' }, value: seconds(max) },
        ];
        this.#lag.reset();
        return samples;
      },
      ['stat'],
    );
  }

  #declareProcess(): void {
    this.metrics.total('process_cpu_seconds_total', 'User and system CPU time.', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / MICROSECONDS;
    });
    this.metrics.gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
    this.metrics.gauge(
      'process_start_time_seconds',
      'Start of the process since the Unix epoch.',
      () => performance.timeOrigin / 1_000,
    );
    this.metrics.gauge('nodejs_heap_size_used_bytes', 'Used heap.', () => process.memoryUsage().heapUsed);
    this.metrics.gauge(
      'nodejs_external_memory_bytes',
      'Memory of buffers outside the heap.',
      () => process.memoryUsage().external,
    );
    const labels = { version: VERSION, node: process.versions.node };
    this.metrics.gauge(
      'tollgate_build_info',
      'Always 1; version and node are its labels.',
      () => [{ labels, value: 1 }],
      ['version', 'node'],
    );
  }
}

function seconds(nanoseconds: number): number {
  const read = Number.isFinite(nanoseconds) ? nanoseconds / NANOSECONDS : 0;
  return Math.max(0, read - LAG_RESOLUTION_MS / MILLISECONDS);
}
