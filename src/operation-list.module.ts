import { Global, Module } from '@nestjs/common';
import { type Operation, OPERATION_LIST } from './operations/operation.js';
import { CancelOperation } from './payments/cancel.operation.js';
import { PayByLinkOperation } from './payments/pay-by-link.operation.js';
import { PayOperation } from './payments/pay.operation.js';
import { PaymentsModule } from './payments/payments.module.js';
import { RefundOperation } from './refunds/refund.operation.js';
import { RefundsModule } from './refunds/refunds.module.js';
import { ExpireSubscriptionOperation } from './subscriptions/expire-subscription.operation.js';
import { PaySubscriptionOperation } from './subscriptions/pay-subscription.operation.js';
import { ScheduleSubscriptionOperation } from './subscriptions/schedule-subscription.operation.js';
import { StartSubscriptionOperation } from './subscriptions/start-subscription.operation.js';
import { SubscriptionsModule } from './subscriptions/subscriptions.module.js';
import { UpdateSubscriptionOperation } from './subscriptions/update-subscription.operation.js';

/**
 * Every state-changing operation: recovery settles by this list what a process left behind. Enter a new operation
 * here.
 */
const OPERATIONS = [
  PayOperation,
  PayByLinkOperation,
  RefundOperation,
  CancelOperation,
  ScheduleSubscriptionOperation,
  StartSubscriptionOperation,
  PaySubscriptionOperation,
  UpdateSubscriptionOperation,
  ExpireSubscriptionOperation,
];

/** Global, because `operations` imports none of the modules that use it. */
@Global()
@Module({
  imports: [PaymentsModule, RefundsModule, SubscriptionsModule],
  providers: [
    {
      provide: OPERATION_LIST,
      inject: OPERATIONS,
      useFactory: (...operations: Operation[]): readonly Operation[] => operations,
    },
  ],
  exports: [OPERATION_LIST],
})
export class OperationListModule {}
