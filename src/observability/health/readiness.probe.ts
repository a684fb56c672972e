import { Injectable, Logger, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { ShutdownState } from '../../http/shutdown-state.js';
import { Store } from '../../persistence/store.js';
import { type HealthCheck, HealthChecks } from './health-checks.js';

/** Simultaneous probes share one check of the database. */
const DATABASE_FRESH_MS = 500;
/** Above the 1 s within which the store answers. */
const DATABASE_LIMIT_MS = 1_200;

/** What terminus answers. */
export interface Readiness {
  readonly ready: boolean;
  readonly body: object;
}

/** Whether this replica can serve requests (SPEC §8): database, externals' registry, workers, and no shutdown. */
@Injectable()
export class ReadinessProbe {
  readonly #logger = new Logger('Readiness');
  #ready = true;

  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly checks: HealthChecks,
    private readonly shutdown: ShutdownState,
    private readonly store: Store,
  ) {}

  async check(): Promise<Readiness> {
    const readiness = await this.#checkAll();
    if (readiness.ready !== this.#ready) {
      this.#ready = readiness.ready;
      if (readiness.ready) this.#logger.log('Ready again');
      else this.#logger.warn(readiness.body, 'Not ready');
    }
    return readiness;
  }

  async #checkAll(): Promise<Readiness> {
    try {
      const body = await this.health.check([
        () => this.#running(),
        () => this.#database(),
        ...this.checks.all().map((check) => () => this.#part(check)),
      ]);
      return { ready: true, body };
    } catch (error) {
      // terminus throws if something is down; a problem document would hide what.
      if (error instanceof ServiceUnavailableException)
        return { ready: false, body: error.getResponse() as object };
      throw error;
    }
  }

  #running(): HealthIndicatorResult {
    const indicator = this.indicators.check('gateway');
    return this.shutdown.begun ? indicator.down('shutting down') : indicator.up();
  }

  async #database(): Promise<HealthIndicatorResult> {
    return this.indicators
      .check('database')
      .attempt(async () => {
        try {
          await this.store.ping();
        } catch {
          // Without the reason, which is in the log: it could reveal where the database is.
          throw new Error('cannot be used now');
        }
      })
      .withTimeout(DATABASE_LIMIT_MS)
      .cacheFor(DATABASE_FRESH_MS);
  }

  async #part({ name, required, condition }: HealthCheck): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check(name);
    const { well, details } = await Promise.resolve()
      .then(condition)
      .catch(() => ({ well: false, details: undefined }));
    if (well) return indicator.up(details);
    return required ? indicator.down(details) : indicator.degraded(details);
  }
}
