import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { sql } from 'kysely';
import { Metrics } from '../observability/metrics/metrics.js';
import { StorageUnavailable, Store } from '../persistence/store.js';
import { Clock, type ClockOffset } from '../shared/clock.js';

const READ_EVERY_MS = 5_000;
/** Replicas that run have written their offset within this time. */
const FRESH_MS = 15_000;
/** A replica that starts adopts the offset of the others: at once, and after a step that they had not noticed then. */
const ADOPTING_READS = 2;
/** The key of {@link Published} in the table `settings`. */
const SETTING = 'clock-offset';
/** A slower answer says too little about the time. */
const MAX_ROUND_TRIP_MS = 1_000;
/** Reported at the start and by the alert `TollgateClockSkew`. */
const SKEW_LIMIT_MS = 2_000;

/** What a replica writes at each reading, for those that start. */
interface Published extends ClockOffset {
  /** The database's clock. */
  readonly at: number;
}

/**
 * Reports steps of the clock, and on PostgreSQL lets all replicas follow the database's clock: leases and deadlines
 * of one replica are read by the others. Reads it in the background, never for a request.
 */
@Injectable()
export class DatabaseClock implements OnModuleInit, BeforeApplicationShutdown {
  readonly #logger = new Logger(DatabaseClock.name);
  #timer: NodeJS.Timeout | undefined;
  #reading = false;
  #reads = 0;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    const steps = metrics.counter(
      'tollgate_clock_steps_total',
      'Steps of a clock of more than 1 s that time itself does not explain.',
      ['clock'],
    );
    metrics.gauge(
      'tollgate_clock_skew_seconds',
      'How far the machine’s clock is ahead of the time that the gateway uses.',
      () => clock.skewMs / 1_000,
    );
    clock.onStep = (step) => {
      steps.inc({ clock: step.clock });
      this.#logger.warn(step, 'A clock stepped; the gateway follows only if that lasts');
    };
  }

  /** Before the recovery and the workers, which start later. */
  async onModuleInit(): Promise<void> {
    if (this.store.dialect === 'postgres') {
      await this.#read();
      this.#timer = setInterval(() => void this.#readOnce(), READ_EVERY_MS).unref();
    }
    await this.#startAtNewestRow();
    const { skewMs } = this.clock;
    if (Math.abs(skewMs) > SKEW_LIMIT_MS) {
      this.#logger.warn({ skewMs }, 'The machine’s clock differs from the time of the database');
    }
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.#timer);
  }

  async #readOnce(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      await this.#read();
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) {
        this.#logger.warn({ err: error }, 'The database’s clock could not be read');
      }
    } finally {
      this.#reading = false;
    }
  }

  async #read(): Promise<void> {
    const read = await this.store.read(async (db) => {
      // The first statement may wait for a connection; the second measures.
      await sql`select 1`.execute(db);
      const startedAt = performance.now();
      const { rows } = await sql<{ now: number; published: string | null }>`
        select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as now,
          (select value from settings where key = ${SETTING}) as published`.execute(db);
      return { ...rows[0]!, roundTripMs: performance.now() - startedAt };
    });
    if (read.roundTripMs > MAX_ROUND_TRIP_MS) return;
    this.clock.follow(read.now, read.roundTripMs);
    this.#reads += 1;
    if (this.#reads <= ADOPTING_READS) this.#adopt(read);
    if (this.#reads >= ADOPTING_READS) await this.#publish(read.now);
  }

  #adopt({ now, published }: { now: number; published: string | null }): void {
    if (published === null) return;
    const { at, ...offset } = JSON.parse(published) as Published;
    if (Math.abs(now - at) <= FRESH_MS) this.clock.adopt(offset);
  }

  async #publish(at: number): Promise<void> {
    const value = JSON.stringify({ at, ...this.clock.offset() } satisfies Published);
    await this.store.transaction((trx) =>
      trx
        .insertInto('settings')
        .values({ key: SETTING, value })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
        .execute(),
    );
  }

  /** The clock may have been set back while the gateway was stopped: what is due stays due. */
  async #startAtNewestRow(): Promise<void> {
    const newest = await this.store.read((db) =>
      sql<{ at: number }>`select created_at as at from operations order by id desc limit 1`.execute(db),
    );
    if (newest.rows[0]) this.clock.startAt(newest.rows[0].at);
  }
}
