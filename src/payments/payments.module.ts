import { Module } from '@nestjs/common';
import { NotificationsModule } from '../notifications/notifications.module.js';
import { OperationsModule } from '../operations/operations.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { UnsolicitedPaymentLedger } from './unsolicited-payment.ledger.js';
import { PaymentInquiry } from './payment.inquiry.js';
import { PaymentLedger } from './payment.ledger.js';
import { PaymentOperations } from './payment.operations.js';
import { PaymentReconciler } from './payment.reconciler.js';
import { PaymentRepository } from './payment.repository.js';
import { PaymentsController } from './payments.controller.js';
import { PaymentsService } from './payments.service.js';
import { ReconciliationSchedule } from './reconciliation-schedule.js';
import { ReconciliationMetrics } from './reconciliation.metrics.js';
import { ReconciliationRepository } from './reconciliation.repository.js';
import { ReconciliationWorker } from './reconciliation.worker.js';
import { RefundLedger } from './refund.ledger.js';
import { RefundRepository } from './refund.repository.js';
import { RefundsService } from './refunds.service.js';

@Module({
  imports: [NotificationsModule, OperationsModule, ProvidersModule],
  controllers: [PaymentsController],
  providers: [
    UnsolicitedPaymentLedger,
    PaymentInquiry,
    PaymentLedger,
    PaymentOperations,
    PaymentReconciler,
    PaymentRepository,
    PaymentsService,
    ReconciliationMetrics,
    ReconciliationRepository,
    ReconciliationSchedule,
    ReconciliationWorker,
    RefundLedger,
    RefundRepository,
    RefundsService,
  ],
  exports: [
    PaymentInquiry,
    PaymentLedger,
    PaymentOperations,
    PaymentRepository,
    ReconciliationSchedule,
    ReconciliationWorker,
    RefundLedger,
  ],
})
export class PaymentsModule {}
