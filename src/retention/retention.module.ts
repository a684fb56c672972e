import { Module } from '@nestjs/common';
import { Retention } from './retention.pass.js';
import { RetentionMetrics } from './retention.metrics.js';
import { RetentionWorker } from './retention.worker.js';

/** Deletes what has ended and is older than `RETENTION` (SPEC §10). */
@Module({ providers: [Retention, RetentionMetrics, RetentionWorker] })
export class RetentionModule {}
