import { Injectable } from '@nestjs/common';
import { Store } from '../persistence/store.js';
import { Clock } from '../shared/clock.js';
import { attentionItem, type AttentionItem } from './attention/attention-item.js';
import { type AttentionQuery, AttentionRepository } from './attention/attention.repository.js';
import { CallbackListRepository, type CallbackQuery } from './callbacks/callback-list.repository.js';
import { keysetOf, type Page, pageOf } from './lists/keyset.js';
import {
  NotificationListRepository,
  type NotificationQuery,
} from './notifications/notification-list.repository.js';
import { OperationListRepository, type OperationQuery } from './operations/operation-list.repository.js';
import { assertAmounts, type PaymentQuery } from './payments/payment-filter.js';
import { PaymentListRepository } from './payments/payment-list.repository.js';
import { callbackRecord, type CallbackRecord } from './records/callback-record.js';
import { notificationRecord, type NotificationRecord } from './records/notification-record.js';
import { unknownOperationRecord, type UnknownOperationRecord } from './records/operation-record.js';
import { paymentRecord, type PaymentRecord } from './records/payment-record.js';
import { subscriptionRecord, type SubscriptionRecord } from './records/subscription-record.js';
import {
  SubscriptionListRepository,
  type SubscriptionQuery,
} from './subscriptions/subscription-list.repository.js';

/** The lists of `/admin` (SPEC §8), newest first, a page at a time. */
@Injectable()
export class AdminLists {
  constructor(
    private readonly store: Store,
    private readonly paymentRows: PaymentListRepository,
    private readonly subscriptionRows: SubscriptionListRepository,
    private readonly operationRows: OperationListRepository,
    private readonly notificationRows: NotificationListRepository,
    private readonly callbackRows: CallbackListRepository,
    private readonly attentionRows: AttentionRepository,
    private readonly clock: Clock,
  ) {}

  async payments(query: PaymentQuery): Promise<Page<PaymentRecord>> {
    assertAmounts(query);
    const keyset = keysetOf('payments', 'pay', query);
    const { rows, next } = await this.store.read((db) => this.paymentRows.newest(db, query, keyset));
    return pageOf('payments', query, rows.map(paymentRecord), next);
  }

  async subscriptions(query: SubscriptionQuery): Promise<Page<SubscriptionRecord>> {
    const keyset = keysetOf('subscriptions', 'sub', query);
    const { rows, next } = await this.store.read((db) => this.subscriptionRows.newest(db, query, keyset));
    return pageOf('subscriptions', query, rows.map(subscriptionRecord), next);
  }

  async operations(query: OperationQuery): Promise<Page<UnknownOperationRecord>> {
    const keyset = keysetOf('operations', 'op', query);
    const { rows, next } = await this.store.read((db) => this.operationRows.newest(db, query, keyset));
    return pageOf('operations', query, rows.map(unknownOperationRecord), next);
  }

  async notifications(query: NotificationQuery): Promise<Page<NotificationRecord>> {
    const keyset = keysetOf('notifications', 'ntf', query);
    const { rows, next } = await this.store.read((db) => this.notificationRows.newest(db, query, keyset));
    return pageOf('notifications', query, rows.map(notificationRecord), next);
  }

  async callbacks(query: CallbackQuery): Promise<Page<CallbackRecord>> {
    const keyset = keysetOf('callbacks', 'cbk', query);
    const { rows, next } = await this.store.read((db) => this.callbackRows.newest(db, query, keyset));
    return pageOf('callbacks', query, rows.map(callbackRecord), next);
  }

  async attention(query: AttentionQuery): Promise<Page<AttentionItem>> {
    const keyset = keysetOf('attention', undefined, query);
    const nowMs = this.clock.now();
    const { rows, next } = await this.store.read((db) => this.attentionRows.newest(db, query, keyset, nowMs));
    return pageOf('attention', query, rows.map(attentionItem), next);
  }
}
