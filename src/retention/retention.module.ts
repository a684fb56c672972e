import { Module } from '@nestjs/common';
import { PaymentsRetention } from './payments.retention.js';
import { Retention } from './retention.pass.js';
import { RetentionMetrics } from './retention.metrics.js';
import { RetentionWorker } from './retention.worker.js';

/** Deletes what has ended and is older than `RETENTION` (SPEC §10). */
@Module({ providers: [PaymentsRetention, Retention, RetentionMetrics, RetentionWorker] })
export class RetentionModule {}
