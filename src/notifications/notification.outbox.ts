import { Injectable } from '@nestjs/common';
import { Store, type Trx } from '../persistence/store.js';
import { newIdentifier } from '../shared/identifier.js';
import { NotificationRepository } from './notification.repository.js';

/** A payment's status as the receiver gets it (SPEC §1), frozen at the moment of the change. */
export interface NotificationDraft {
  /** The payment's row, `pay_…`. */
  readonly paymentRef: string;
  readonly external: string;
  /** `X-Payment-Version`, incremented per payment in the same transaction. */
  readonly version: number;
  /** The JSON body. */
  readonly payload: object;
  readonly traceparent: string | undefined;
  /** `X-Request-Id` of the cause of the change; generated if absent. */
  readonly requestId?: string | undefined;
  readonly atMs: number;
}

/** Queues notifications: rows written in the transaction of the change that they report (SPEC §5). */
@Injectable()
export class NotificationOutbox {
  constructor(
    private readonly store: Store,
    private readonly notifications: NotificationRepository,
  ) {}

  /**
   * Queues a notification and marks the payment's undelivered older ones SUPERSEDED. Nothing is sent before the
   * commit. The transaction has locked the payment's row (by incrementing its version), so that two of one payment
   * are ordered.
   */
  async enqueue(trx: Trx, draft: NotificationDraft): Promise<void> {
    const { atMs } = draft;
    await this.notifications.supersede(trx, draft.paymentRef, atMs);
    await this.notifications.insert(trx, {
      id: newIdentifier('ntf', atMs),
      payment_ref: draft.paymentRef,
      external: draft.external,
      version: draft.version,
      payload: JSON.stringify(draft.payload),
      state: 'PENDING',
      newest: 1,
      attempts: 0,
      next_attempt_at: atMs,
      lease_token: null,
      lease_until: null,
      request_id: draft.requestId ?? newIdentifier('req', atMs),
      traceparent: draft.traceparent ?? null,
      created_at: atMs,
      updated_at: atMs,
      delivered_at: null,
    });
  }

  /** To call after the commit: wakes the worker of this process, or another replica's if this process has none. */
  wake(): void {
    this.store.wakeWorker('notifications');
  }

  /** Moves the notifications of an unsolicited payment to the payment `toRef`. */
  movePayment(trx: Trx, fromRef: string, toRef: string): Promise<void> {
    return this.notifications.movePayment(trx, fromRef, toRef);
  }
}
