import { Injectable } from '@nestjs/common';
import { Store } from '../../persistence/store.js';
import { Metrics, SHORT_BUCKETS } from './metrics.js';

const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** What commits cost, how many transactions share one, and SQLite's log. */
@Injectable()
export class CommitMetrics {
  constructor(metrics: Metrics, store: Store) {
    const durations = metrics.histogram(
      'tollgate_database_commit_duration_seconds',
      'Time of the COMMIT alone, fsync included.',
      SHORT_BUCKETS,
    );
    const batches = metrics.histogram(
      'tollgate_database_commit_transactions',
      'Transactions that shared one commit (group commit on SQLite, the journal on PostgreSQL).',
      BATCH_BUCKETS,
    );
    metrics.gauge(
      'tollgate_database_log_bytes',
      "Length of SQLite's write-ahead log; absent on PostgreSQL.",
      () => (store.logStatistics ? [{ value: store.logStatistics.bytes }] : []),
    );
    metrics.total(
      'tollgate_database_checkpoint_failures_total',
      'Checkpoints of SQLite that failed: the write-ahead log grows until one succeeds.',
      () => store.logStatistics?.failedCheckpoints ?? 0,
    );
    const lost = metrics.counter(
      'tollgate_database_sessions_lost_total',
      'Sessions of PostgreSQL that were cut because the network lost their connection without a reset.',
    );
    store.onLostSession = () => lost.inc();
    store.onCommit = (durationMs, transactions) => {
      durations.observe(durationMs / 1_000);
      batches.observe(transactions);
    };
  }
}
