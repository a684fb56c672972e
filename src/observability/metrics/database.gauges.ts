import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Store, type Trx } from '../../persistence/store.js';
import { Clock } from '../../shared/clock.js';
import { Metrics, type Sample } from './metrics.js';

/** Rows are counted at most this often, however frequent the scrapes. */
const FRESH_MS = 2_000;
const READ_LIMIT_MS = 1_500;

export interface GaugeDeclaration {
  readonly help: string;
  readonly labelNames?: readonly string[];
}

export type GaugeSamples<Name extends string> = Readonly<Record<Name, readonly Sample<string>[]>>;

/** Counts rows by their indexes: it runs every few seconds, on databases with many millions of rows. */
export type CountRows<Name extends string> = (db: Trx, nowMs: number) => Promise<GaugeSamples<Name>>;

/**
 * Gauges that are read from the database: what waits, and what needs an operator. Every replica reports the same
 * values, so a dashboard uses their maximum, never their sum. While the database cannot be read they are absent.
 */
@Injectable()
export class DatabaseGauges {
  readonly #logger = new Logger(DatabaseGauges.name);
  readonly #counts: CountRows<string>[] = [];
  #samples: Partial<GaugeSamples<string>> = {};
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #up = false;
  #readable = false;

  constructor(
    private readonly metrics: Metrics,
    private readonly store: Store,
    private readonly clock: Clock,
  ) {
    metrics.gauge('tollgate_database_up', '1 while the database can be written to.', () =>
      this.#up ? 1 : 0,
    );
  }

  /** Adds gauges that `count` reads together. */
  add<Name extends string>(gauges: Readonly<Record<Name, GaugeDeclaration>>, count: CountRows<Name>): void {
    this.#counts.push(count);
    for (const [name, { help, labelNames }] of Object.entries<GaugeDeclaration>(gauges)) {
      this.metrics.gauge<string>(name, help, () => this.#samples[name] ?? [], labelNames);
    }
  }

  /**
   * Probes and reads the database unless that was done within the last 2 s. Never rejects, and never takes longer than
   * 1.5 s.
   */
  async refresh(): Promise<void> {
    if (performance.now() - this.#readAt < FRESH_MS) return;
    this.#reading ??= this.#read().finally(() => {
      this.#readAt = performance.now();
      this.#reading = undefined;
    });
    const reading = this.#reading.then(() => true);
    const [inTime] = await Promise.all([
      Promise.race([reading, sleep(READ_LIMIT_MS, false, { ref: false })]),
      this.#probe(),
    ]);
    if (!inTime) this.#samples = {};
  }

  /** As readiness does: a full disk can be read, and reads wait behind requests for a connection. */
  async #probe(): Promise<void> {
    try {
      await this.store.ping();
      this.#up = true;
    } catch {
      this.#up = false;
    }
  }

  async #read(): Promise<void> {
    const nowMs = this.clock.now();
    try {
      this.#samples = await this.store.read(async (db) => {
        const samples: Record<string, readonly Sample<string>[]> = {};
        for (const count of this.#counts) Object.assign(samples, await count(db, nowMs));
        return samples;
      });
      this.#readable = true;
    } catch (error) {
      if (this.#readable) this.#logger.warn({ err: error }, 'The metrics cannot read the database');
      this.#readable = false;
      this.#samples = {};
    }
  }
}
