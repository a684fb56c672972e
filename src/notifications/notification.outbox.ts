import { Injectable } from '@nestjs/common';
import { Store, type Trx } from '../persistence/store.js';
import { newIdentifier } from '../shared/identifier.js';
import { NotificationRepository } from './notification.repository.js';

/** A payment's status as the receiver is told it (SPEC §1), frozen at the moment of the change. */
export interface NotificationDraft {
  /** The payment's row, `pay_…`. */
  readonly paymentRef: string;
  readonly external: string;
  /** `X-Payment-Version`, counted up per payment in the same transaction. */
  readonly version: number;
  /** The JSON body. */
  readonly payload: object;
  readonly traceparent: string | undefined;
  /** `X-Request-Id` of what caused the change; one is made where it is left out. */
  readonly requestId?: string | undefined;
  readonly atMs: number;
}

/** Where notifications are queued: rows written in the transaction of the change that they tell of (SPEC §5). */
@Injectable()
export class NotificationOutbox {
  #wakeWorker: (() => void) | undefined;

  constructor(
    private readonly store: Store,
    private readonly notifications: NotificationRepository,
  ) {}

  /**
   * Queues one, and marks the payment's undelivered older ones SUPERSEDED. Nothing is sent before the commit. The
   * transaction holds the payment's row (counting up its version does), so that two of one payment come one after the other.
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

  /** A hint for after the commit: something may be due. Without a worker in this process, another replica's is told. */
  wake(): void {
    if (this.#wakeWorker) this.#wakeWorker();
    else this.store.notify('notifications');
  }

  /** The worker of this process; undefined once it has stopped. */
  attachWorker(wake: (() => void) | undefined): void {
    this.#wakeWorker = wake;
  }

  /** Notifications of a learned payment belong to `toRef` from now on. */
  movePayment(trx: Trx, fromRef: string, toRef: string): Promise<void> {
    return this.notifications.movePayment(trx, fromRef, toRef);
  }
}
