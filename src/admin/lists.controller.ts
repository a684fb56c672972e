import { Controller, Get, Header, Req } from '@nestjs/common';
import type { Request } from 'express';
import type { TextAnswer } from '../http/http-answer.js';
import { DescribeOperation } from '../http/openapi/operation-description.js';
import { RequireScope } from '../http/require-scope.decorator.js';
import { Store } from '../persistence/store.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import { AdminQuery } from './admin-parameters.js';
import { AUDIT_COLUMNS, AUDIT_LIST, AuditQuery } from './audit/audit.list.js';
import type { AttentionItem } from './attention/attention-item.js';
import { AttentionQuery } from './attention/attention.list.js';
import { Attention } from './attention/attention.service.js';
import { CALLBACK_COLUMNS, CALLBACK_LIST, CallbackQuery } from './callbacks/callback.list.js';
import { type ExternalRecord, externalsPage } from './externals/external-record.js';
import { csvIfPreferred } from './lists/csv-page.js';
import type { Page } from './lists/keyset.js';
import { PageQuery } from './lists/list-query.js';
import {
  LIST_ATTENTION,
  LIST_AUDIT,
  LIST_CALLBACKS,
  LIST_EXTERNALS,
  LIST_NOTIFICATIONS,
  LIST_OPERATIONS,
  LIST_PAYMENTS,
  LIST_SUBSCRIPTIONS,
} from './lists.documentation.js';
import {
  NOTIFICATION_COLUMNS,
  NOTIFICATION_LIST,
  NotificationQuery,
} from './notifications/notification.list.js';
import { OPERATION_COLUMNS, OperationQuery, UNKNOWN_OPERATION_LIST } from './operations/operation.list.js';
import { PAYMENT_COLUMNS } from './payments/payment-csv.js';
import { assertAmounts, PAYMENT_LIST, PaymentQuery } from './payments/payment.list.js';
import type { AuditRecord } from './records/audit-record.js';
import type { CallbackRecord } from './records/callback-record.js';
import type { NotificationRecord } from './records/notification-record.js';
import type { UnknownOperationRecord } from './records/operation-record.js';
import type { PaymentRecord } from './records/payment-record.js';
import type { SubscriptionRecord } from './records/subscription-record.js';
import {
  SUBSCRIPTION_COLUMNS,
  SUBSCRIPTION_LIST,
  SubscriptionQuery,
} from './subscriptions/subscription.list.js';

/** The lists of `/admin` (SPEC §8), newest first, a page at a time. */
@Controller('admin')
@RequireScope('admin-read')
export class ListsController {
  constructor(
    private readonly store: Store,
    private readonly registry: ExternalProviderRegistry,
    private readonly attentionItems: Attention,
  ) {}

  @Get('attention')
  @DescribeOperation(LIST_ATTENTION)
  attention(@AdminQuery() query: AttentionQuery): Promise<Page<AttentionItem>> {
    return this.attentionItems.page(query);
  }

  @Get('audit')
  @DescribeOperation(LIST_AUDIT)
  @Header('Vary', 'Accept')
  async audit(
    @AdminQuery() query: AuditQuery,
    @Req() request: Request,
  ): Promise<Page<AuditRecord> | TextAnswer> {
    return csvIfPreferred(request, await AUDIT_LIST.page(this.store, query), AUDIT_COLUMNS, 'audit');
  }

  @Get('callbacks')
  @DescribeOperation(LIST_CALLBACKS)
  @Header('Vary', 'Accept')
  async callbacks(
    @AdminQuery() query: CallbackQuery,
    @Req() request: Request,
  ): Promise<Page<CallbackRecord> | TextAnswer> {
    const page = await CALLBACK_LIST.page(this.store, query);
    return csvIfPreferred(request, page, CALLBACK_COLUMNS, 'callbacks');
  }

  @Get('externals')
  @DescribeOperation(LIST_EXTERNALS)
  externals(@AdminQuery() query: PageQuery): Page<ExternalRecord> {
    return externalsPage(this.registry, query);
  }

  @Get('notifications')
  @DescribeOperation(LIST_NOTIFICATIONS)
  @Header('Vary', 'Accept')
  async notifications(
    @AdminQuery() query: NotificationQuery,
    @Req() request: Request,
  ): Promise<Page<NotificationRecord> | TextAnswer> {
    const page = await NOTIFICATION_LIST.page(this.store, query);
    return csvIfPreferred(request, page, NOTIFICATION_COLUMNS, 'notifications');
  }

  @Get('operations')
  @DescribeOperation(LIST_OPERATIONS)
  @Header('Vary', 'Accept')
  async operations(
    @AdminQuery() query: OperationQuery,
    @Req() request: Request,
  ): Promise<Page<UnknownOperationRecord> | TextAnswer> {
    const page = await UNKNOWN_OPERATION_LIST.page(this.store, query);
    return csvIfPreferred(request, page, OPERATION_COLUMNS, 'operations');
  }

  @Get('payments')
  @DescribeOperation(LIST_PAYMENTS)
  @Header('Vary', 'Accept')
  async payments(
    @AdminQuery() query: PaymentQuery,
    @Req() request: Request,
  ): Promise<Page<PaymentRecord> | TextAnswer> {
    assertAmounts(query);
    const page = await PAYMENT_LIST.page(this.store, query);
    return csvIfPreferred(request, page, PAYMENT_COLUMNS, 'payments');
  }

  @Get('subscriptions')
  @DescribeOperation(LIST_SUBSCRIPTIONS)
  @Header('Vary', 'Accept')
  async subscriptions(
    @AdminQuery() query: SubscriptionQuery,
    @Req() request: Request,
  ): Promise<Page<SubscriptionRecord> | TextAnswer> {
    const page = await SUBSCRIPTION_LIST.page(this.store, query);
    return csvIfPreferred(request, page, SUBSCRIPTION_COLUMNS, 'subscriptions');
  }
}
