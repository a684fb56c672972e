import { Module } from '@nestjs/common';
import { NotificationsModule } from '../notifications/notifications.module.js';
import { OperationsModule } from '../operations/operations.module.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { RefundInquiry } from './refund.inquiry.js';
import { RefundLedger } from './refund.ledger.js';
import { RefundOperation } from './refund.operation.js';
import { RefundRepository } from './refund.repository.js';
import { RefundsController } from './refunds.controller.js';
import { RefundsMetrics } from './refunds.metrics.js';
import { RefundsService } from './refunds.service.js';

@Module({
  imports: [NotificationsModule, OperationsModule, PaymentsModule, ProvidersModule],
  controllers: [RefundsController],
  providers: [RefundInquiry, RefundLedger, RefundOperation, RefundRepository, RefundsMetrics, RefundsService],
  exports: [RefundInquiry, RefundLedger, RefundOperation, RefundRepository, RefundsService],
})
export class RefundsModule {}
