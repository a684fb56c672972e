import { Injectable } from '@nestjs/common';
// oxlint-disable-next-line typescript/consistent-type-imports -- Nest injects by the class
import { DatabaseGauges } from './database.gauges.js';
// oxlint-disable-next-line typescript/consistent-type-imports -- Nest injects by the class
import { Metrics } from './metrics.js';

/** Reading all metrics takes milliseconds: more frequent scrapes receive the same bytes. */
const FRESH_MS = 1_000;

interface Page {
  readonly all: Buffer;
  readonly unnamed: Buffer;
}

/** What `/metrics` answers, computed once a second at most. */
@Injectable()
export class MetricsPage {
  #page: Promise<Page> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly metrics: Metrics,
    private readonly database: DatabaseGauges,
  ) {}

  get contentType(): string {
    return this.metrics.contentType;
  }

  /** `named`: with the metrics that name externals (SPEC §8). */
  async bytes(named: boolean): Promise<Buffer> {
    const now = performance.now();
    if (!this.#page || now - this.#readAt >= FRESH_MS) {
      this.#readAt = now;
      this.#page = this.#read();
      // The scrape that awaits it receives the error; the next scrape reads again.
      this.#page.catch(() => (this.#page = undefined));
    }
    const page = await this.#page;
    return named ? page.all : page.unnamed;
  }

  async #read(): Promise<Page> {
    await this.database.refresh();
    const { all, without } = await this.metrics.texts('external');
    return { all: Buffer.from(all), unnamed: Buffer.from(without) };
  }
}
