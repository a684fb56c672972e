import { Global, Module } from '@nestjs/common';
import { WorkerHealth } from './worker.health.js';

/** The health of the workers; their loops and leases need no injection. */
@Global()
@Module({ providers: [WorkerHealth], exports: [WorkerHealth] })
export class LeasesModule {}
