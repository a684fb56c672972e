// oxlint-disable-next-line typescript/triple-slash-reference -- declarations of modules cannot be imported
/// <reference path="./prom-client.d.ts" />
import { Injectable } from '@nestjs/common';
// Single files: the package's index loads @opentelemetry/api for its default metrics, and nothing of OpenTelemetry is
// loaded without a collector (SPEC §8).
import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Histogram from 'prom-client/lib/histogram.js';
import Registry from 'prom-client/lib/registry.js';

/** Seconds, from an answer out of memory to a timed-out one. */
export const LATENCY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Seconds, for what normally takes fractions of a millisecond. */
export const SHORT_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/** The value of a gauge at a scrape. */
export interface Sample<Label extends string> {
  readonly labels?: Readonly<Record<Label, string>>;
  readonly value: number;
}

export interface DeclaredMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labelNames: readonly string[];
}

/**
 * The metrics of one application. Modules declare their own. Every name except those of the process begins with
 * `tollgate_`; every label comes from a closed set or from the configuration.
 */
@Injectable()
export class Metrics {
  readonly #registry = new Registry();

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The text that Prometheus scrapes. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** The same, without the metrics that have a label named `label`. One text of each, from one reading. */
  async texts(label: string): Promise<{ readonly all: string; readonly without: string }> {
    const metrics = this.#registry.getMetricsAsArray() as unknown as DeclaredMetric[];
    const texts = await Promise.all(
      metrics.map(async ({ name, labelNames }) => ({
        text: await this.#registry.getSingleMetricAsString(name),
        has: labelNames.includes(label),
      })),
    );
    return {
      all: joined(texts.map(({ text }) => text)),
      without: joined(texts.filter(({ has }) => !has).map(({ text }) => text)),
    };
  }

  /** All metrics, for the test of their documentation. */
  declared(): readonly DeclaredMetric[] {
    const metrics = this.#registry.getMetricsAsArray() as unknown as (DeclaredMetric & {
      labelNames: string[];
    })[];
    return metrics.map(({ name, help, type, labelNames }) => ({ name, help, type, labelNames }));
  }

  counter<Label extends string = never>(
    name: `${string}_total`,
    help: string,
    labelNames: readonly Label[] = [],
  ): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  /** A counter whose total is kept elsewhere: `read` returns it at each scrape. */
  total(name: `${string}_total`, help: string, read: () => number): void {
    const counter: Counter = new Counter({
      name,
      help,
      registers: [this.#registry],
      collect: () => {
        counter.reset();
        counter.inc(read());
      },
    });
  }

  histogram<Label extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly Label[] = [],
  ): Histogram<Label> {
    return new Histogram({ name, help, buckets: [...buckets], labelNames, registers: [this.#registry] });
  }

  /**
   * Calls `read` at each scrape, for one value or samples; label values that it no longer returns disappear from the
   * metrics.
   */
  gauge<Label extends string = never>(
    name: string,
    help: string,
    read: () => number | Iterable<Sample<Label>>,
    labelNames: readonly Label[] = [],
  ): void {
    const gauge: Gauge<Label> = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: () => {
        gauge.reset();
        // Without labels reset() leaves a zero, which is not the same as an unknown value.
        if (labelNames.length === 0) gauge.remove();
        const values = read();
        const samples: Iterable<Sample<Label>> = typeof values === 'number' ? [{ value: values }] : values;
        for (const { labels, value } of samples) {
          if (labels) gauge.set(labels as Record<Label, string>, value);
          else gauge.set(value);
        }
      },
    });
  }
}

/** As prom-client's registry does. */
function joined(texts: readonly string[]): string {
  return `${texts.join('\n\n')}\n`;
}
