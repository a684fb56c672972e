import { Injectable } from '@nestjs/common';
import type { NotificationEvent } from '../config/receiver-config.js';
import { erasedJson } from '../erasures/erased-json.js';
import { erasedAmong } from '../erasures/erased-subjects.js';
import { Store, type Trx } from '../persistence/store.js';
import { newIdentifier } from '../shared/identifier.js';
import { NotificationRepository } from './notification.repository.js';
import { ReceiverRegistry } from './receiver.registry.js';

/** A subject's status as the receivers get it (SPEC §1), frozen at the moment of the change. */
export interface NotificationDraft {
  readonly event: NotificationEvent;
  /** The row of the payment, refund or subscription: `pay_…`, `ref_…`, `sub_…`. */
  readonly subjectRef: string;
  readonly external: string;
  /** `X-Payment-Version`, incremented per subject in the same transaction. */
  readonly version: number;
  /** The JSON body, without `version`. */
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
    private readonly receivers: ReceiverRegistry,
  ) {}

  /**
   * Queues a notification for each receiver of the event, and marks their undelivered older ones of the same subject
   * SUPERSEDED. Nothing is sent before the commit, which wakes the worker. The transaction has locked the subject's row
   * (by incrementing its version), so that two of one subject are ordered.
   */
  async enqueue(trx: Trx, draft: NotificationDraft): Promise<void> {
    const { event, subjectRef, external, atMs } = draft;
    const receivers = this.receivers.namesFor(event, external);
    if (receivers.length === 0) return;
    const isErased = (await erasedAmong(trx, [subjectRef])).size > 0;
    const text = JSON.stringify(draft.payload);
    const payload = isErased ? erasedJson(text) : text;
    const requestId = draft.requestId ?? newIdentifier('req', atMs);
    await this.notifications.supersede(trx, subjectRef, receivers, atMs);
    await this.notifications.insert(
      trx,
      receivers.map((receiver) => ({
        id: newIdentifier('ntf', atMs),
        payment_ref: subjectRef,
        external,
        receiver,
        event,
        version: draft.version,
        payload,
        state: 'PENDING',
        newest: 1,
        attempts: 0,
        next_attempt_at: atMs,
        lease_token: null,
        lease_until: null,
        request_id: requestId,
        traceparent: draft.traceparent ?? null,
        created_at: atMs,
        updated_at: atMs,
        delivered_at: null,
      })),
    );
    this.store.afterCommit(trx, () => this.wake());
  }

  /** Wakes the worker of this process, or another replica's if this process has none. */
  wake(): void {
    this.store.wakeWorker('notifications');
  }

  /** Moves the notifications of an unsolicited payment to the payment `toRef`. */
  movePayment(trx: Trx, fromRef: string, toRef: string): Promise<void> {
    return this.notifications.movePayment(trx, fromRef, toRef);
  }
}
