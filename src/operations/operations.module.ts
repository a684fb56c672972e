import { Module } from '@nestjs/common';
import { Fingerprints } from './fingerprint.js';
import { LedgerEventRepository } from './ledger-event.repository.js';
import { OutcomeRetryQueue } from './outcome-retry-queue.js';
import { OperationLedgers } from './operation-ledgers.js';
import { OperationExecutor } from './operation.executor.js';
import { OperationRecovery } from './operation.recovery.js';
import { OperationRepeats } from './operation.repeats.js';
import { OperationRepository } from './operation.repository.js';
import { OperationSettler } from './operation.settler.js';
import { OperationsInFlight } from './operations-in-flight.js';
import { OperationsWorker } from './operations.worker.js';

@Module({
  providers: [
    Fingerprints,
    LedgerEventRepository,
    OutcomeRetryQueue,
    OperationExecutor,
    OperationLedgers,
    OperationRecovery,
    OperationRepeats,
    OperationRepository,
    OperationSettler,
    OperationsInFlight,
    OperationsWorker,
  ],
  exports: [
    LedgerEventRepository,
    OperationExecutor,
    OperationLedgers,
    OperationRecovery,
    OperationRepository,
  ],
})
export class OperationsModule {}
