import { Injectable, Logger, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { ShutdownState } from '../../http/shutdown-state.js';
import { Store } from '../../persistence/store.js';
import { type Condition, type HealthCheck, HealthChecks } from './health-checks.js';

/** Simultaneous probes share one check of the database. */
const DATABASE_FRESH_MS = 500;
/** Above the 1 s within which the store answers. */
const DATABASE_LIMIT_MS = 1_200;

/** Checks take a tenth of a millisecond: more frequent probes receive the same answer. */
const FRESH_MS = 100;

/** What terminus answers. */
export interface Readiness {
  readonly ready: boolean;
  /** Names no external (SPEC §8). */
  readonly body: object;
  readonly namedBody: object;
}

type Details = Readonly<Record<string, unknown>>;

/** Whether this replica can serve requests (SPEC §8): database, externals' registry, workers, and no shutdown. */
@Injectable()
export class ReadinessProbe {
  readonly #logger = new Logger('Readiness');
  #ready = true;
  #last: Promise<Readiness> | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly checks: HealthChecks,
    private readonly shutdown: ShutdownState,
    private readonly store: Store,
  ) {}

  async check(): Promise<Readiness> {
    const now = performance.now();
    // A shutdown shows at once.
    if (!this.#last || now - this.#checkedAt >= FRESH_MS || this.shutdown.begun) {
      this.#checkedAt = now;
      this.#last = this.#checkNow();
    }
    return this.#last;
  }

  async #checkNow(): Promise<Readiness> {
    const named = new Map<string, Details>();
    const readiness = await this.#checkAll(named);
    if (readiness.ready !== this.#ready) {
      this.#ready = readiness.ready;
      if (readiness.ready) this.#logger.log('Ready again');
      else this.#logger.warn(readiness.body, 'Not ready');
    }
    return readiness;
  }

  async #checkAll(named: Map<string, Details>): Promise<Readiness> {
    try {
      const body = await this.health.check([
        () => this.#running(),
        () => this.#database(),
        ...this.checks.all().map((check) => () => this.#part(check, named)),
      ]);
      return { ready: true, body, namedBody: withNames(body, named) };
    } catch (error) {
      // terminus throws if something is down; a problem document would hide what.
      if (!(error instanceof ServiceUnavailableException)) throw error;
      const body = error.getResponse() as object;
      return { ready: false, body, namedBody: withNames(body, named) };
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

  async #part(
    { name, required, condition }: HealthCheck,
    named: Map<string, Details>,
  ): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check(name);
    const { well, details, namedDetails }: Condition = await Promise.resolve()
      .then(condition)
      .catch(() => ({ well: false }));
    if (namedDetails) named.set(name, namedDetails);
    if (well) return indicator.up(details);
    return required ? indicator.down(details) : indicator.degraded(details);
  }
}

/** Adds the named details wherever terminus lists their component. */
function withNames(body: object, named: ReadonlyMap<string, Details>): object {
  const lists = Object.entries(body).map(([list, components]: [string, unknown]) => {
    if (typeof components !== 'object' || components === null) return [list, components];
    const entries = Object.entries(components as Record<string, object>);
    return [
      list,
      Object.fromEntries(entries.map(([name, state]) => [name, { ...state, ...named.get(name) }])),
    ];
  });
  return Object.fromEntries(lists) as object;
}
