import { Module } from '@nestjs/common';
import { ProvidersModule } from '../providers/providers.module.js';
import { Fingerprints } from './fingerprint.js';
import { LedgerEventRepository } from './ledger-event.repository.js';
import { LedgerMetrics } from './ledger.metrics.js';
import { LedgerRestore } from './ledger.restore.js';
import { OutcomeRetryQueue } from './outcome-retry-queue.js';
import { OperationExecutor } from './operation.executor.js';
import { OperationJournal } from './operation.journal.js';
import { OperationOpener } from './operation.opener.js';
import { OperationRecovery } from './operation.recovery.js';
import { OperationResolutionRepository } from './operation-resolution.repository.js';
import { OperationRepeats } from './operation.repeats.js';
import { OperationRepository } from './operation.repository.js';
import { OperationSettler } from './operation.settler.js';
import { ReconciliationSchedule } from './reconciliation-schedule.js';
import { StatusQueryLog } from './status-query.log.js';
import { StatusQueryRepository } from './status-query.repository.js';
import { OperationsWorker } from './operations.worker.js';

@Module({
  imports: [ProvidersModule],
  providers: [
    Fingerprints,
    LedgerEventRepository,
    LedgerMetrics,
    LedgerRestore,
    OutcomeRetryQueue,
    OperationExecutor,
    OperationJournal,
    OperationOpener,
    OperationRecovery,
    OperationRepeats,
    OperationRepository,
    OperationResolutionRepository,
    OperationSettler,
    OperationsWorker,
    ReconciliationSchedule,
    StatusQueryLog,
    StatusQueryRepository,
  ],
  exports: [
    Fingerprints,
    LedgerEventRepository,
    LedgerMetrics,
    LedgerRestore,
    OperationExecutor,
    OperationRecovery,
    OperationRepository,
    OperationResolutionRepository,
    ReconciliationSchedule,
    StatusQueryLog,
    StatusQueryRepository,
  ],
})
export class OperationsModule {}
