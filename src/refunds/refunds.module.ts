import { Module } from '@nestjs/common';
import { OperationsModule } from '../operations/operations.module.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { RefundLedger } from './refund.ledger.js';
import { RefundOperation } from './refund.operation.js';
import { RefundRepository } from './refund.repository.js';
import { RefundsController } from './refunds.controller.js';
import { RefundsMetrics } from './refunds.metrics.js';
import { RefundsService } from './refunds.service.js';

@Module({
  imports: [OperationsModule, PaymentsModule, ProvidersModule],
  controllers: [RefundsController],
  providers: [RefundLedger, RefundOperation, RefundRepository, RefundsMetrics, RefundsService],
  exports: [RefundLedger, RefundOperation, RefundRepository],
})
export class RefundsModule {}
