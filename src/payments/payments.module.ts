import { Module } from '@nestjs/common';
import { NotificationsModule } from '../notifications/notifications.module.js';
import { OperationsModule } from '../operations/operations.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { OrderKeyBackfill } from './order-key.backfill.js';
import { CancelOperation } from './cancel.operation.js';
import { OrderRecovery } from './order.recovery.js';
import { OrderInquiry } from './order.inquiry.js';
import { PayByLinkOperation } from './pay-by-link.operation.js';
import { PayOperation } from './pay.operation.js';
import { PaymentCreation } from './payment.creation.js';
import { DuplicatePayments } from './payment.duplicates.js';
import { PaymentIdentity } from './payment.identity.js';
import { PaymentInquiry } from './payment.inquiry.js';
import { PaymentLedger } from './payment.ledger.js';
import { PaymentOrderRepository } from './payment-order.repository.js';
import { PaymentRefundsRepository } from './payment-refunds.repository.js';
import { PaymentRepository } from './payment.repository.js';
import { PaymentsController } from './payments.controller.js';
import { PaymentsMetrics } from './payments.metrics.js';
import { PaymentsService } from './payments.service.js';

@Module({
  imports: [NotificationsModule, OperationsModule, ProvidersModule],
  controllers: [PaymentsController],
  providers: [
    CancelOperation,
    DuplicatePayments,
    OrderInquiry,
    OrderKeyBackfill,
    OrderRecovery,
    PayByLinkOperation,
    PayOperation,
    PaymentCreation,
    PaymentIdentity,
    PaymentInquiry,
    PaymentLedger,
    PaymentOrderRepository,
    PaymentRefundsRepository,
    PaymentRepository,
    PaymentsMetrics,
    PaymentsService,
  ],
  exports: [
    CancelOperation,
    OrderRecovery,
    PayByLinkOperation,
    PayOperation,
    PaymentCreation,
    PaymentIdentity,
    PaymentInquiry,
    PaymentLedger,
    PaymentRefundsRepository,
    PaymentRepository,
    PaymentsService,
  ],
})
export class PaymentsModule {}
