import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { WorkerHealth } from './leases/worker.health.js';
import { OperationsWorker } from './operations/operations.worker.js';
import { ReconciliationWorker } from './reconciliation/reconciliation.worker.js';

/** Adds the workers that do not add themselves yet. */
@Injectable()
export class OtherWorkers implements OnApplicationBootstrap {
  constructor(
    private readonly modules: ModuleRef,
    private readonly health: WorkerHealth,
  ) {}

  onApplicationBootstrap(): void {
    this.health.add('operations', this.modules.get(OperationsWorker, { strict: false }));
    this.health.add('reconciliation', this.modules.get(ReconciliationWorker, { strict: false }));
  }
}
