import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { VerificationWorker } from './callbacks/verification.worker.js';
import type { Config } from './config/config.js';
import { CONFIG } from './config/config.module.js';
import { DeliveryWorker } from './notifications/delivery.worker.js';
import { type Condition, HealthChecks } from './observability/health/health-checks.js';
import { OperationsWorker } from './operations/operations.worker.js';
import { ReconciliationWorker } from './reconciliation/reconciliation.worker.js';

/** The longest that a turn of a worker takes when nothing is wrong but the database is slow. */
const STALLED_MS = 60_000;

const WORKERS = {
  operations: OperationsWorker,
  delivery: DeliveryWorker,
  verification: VerificationWorker,
  reconciliation: ReconciliationWorker,
} as const;

/** Whether the workers of this replica are alive, for readiness (SPEC §8). */
@Injectable()
export class WorkerHealth implements OnApplicationBootstrap {
  constructor(
    private readonly modules: ModuleRef,
    private readonly health: HealthChecks,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    const workers = Object.entries(WORKERS).map(
      ([name, type]) =>
        [name, this.modules.get<{ readonly stalledMs: number }>(type, { strict: false })] as const,
    );
    this.health.add({
      name: 'workers',
      required: true,
      look: (): Condition => {
        if (!this.config.workers) return { well: true, details: { mode: 'off' } };
        const stalled = workers.filter(([, { stalledMs }]) => stalledMs > STALLED_MS).map(([name]) => name);
        return { well: stalled.length === 0, details: stalled.length > 0 ? { stalled } : {} };
      },
    });
  }
}
