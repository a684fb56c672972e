import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { type Condition, HealthChecks } from '../observability/health/health-checks.js';

/** No turn of a worker takes longer unless it hangs, however slow the database is. */
const STALLED_MS = 60_000;

/** Whether the workers of this replica are alive, for readiness (SPEC §8). Each worker adds itself. */
@Injectable()
export class WorkerHealth {
  readonly #workers = new Map<string, { readonly stalledMs: number }>();

  constructor(
    health: HealthChecks,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    health.add({ name: 'workers', required: true, condition: () => this.#condition() });
  }

  /** `stalledMs`: how long the worker has shown no sign of life. */
  add(name: string, worker: { readonly stalledMs: number }): void {
    this.#workers.set(name, worker);
  }

  #condition(): Condition {
    if (!this.config.workers) return { well: true, details: { mode: 'off' } };
    const stalled = [...this.#workers].filter(([, { stalledMs }]) => stalledMs > STALLED_MS);
    if (stalled.length === 0) return { well: true };
    return { well: false, details: { stalled: stalled.map(([name]) => name) } };
  }
}
