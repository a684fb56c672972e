import { Global, Module } from '@nestjs/common';
import { DatabaseClock } from './database.clock.js';
import { WorkerHealth } from './worker.health.js';

/** The health of the workers and the clock that they share; their loops and leases need no injection. */
@Global()
@Module({ providers: [DatabaseClock, WorkerHealth], exports: [WorkerHealth] })
export class LeasesModule {}
