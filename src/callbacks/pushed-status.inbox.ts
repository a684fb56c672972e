import { Injectable } from '@nestjs/common';
import { Log } from '../observability/logging/log.js';
import { outside } from '../observability/logging/outside.js';
import { ContradictedPush, PaymentInquiry } from '../payments/payment.inquiry.js';
import { Store, type Trx } from '../persistence/store.js';
import { Clock } from '../shared/clock.js';
import type { PaymentCallback } from './callback-message.js';
import { CallbackInbox, type CallbackOrigin, type ReceivedCallback } from './callback.inbox.js';
import { CallbackRepository } from './callback.repository.js';
import { CallbacksMetrics } from './callbacks.metrics.js';
import type { PushedStatus } from './pushed-status.js';

/** Believes the statuses that trusted externals push, instead of querying them (SPEC §2). */
@Injectable()
export class PushedStatusInbox {
  constructor(
    private readonly inbox: CallbackInbox,
    private readonly store: Store,
    private readonly callbacks: CallbackRepository,
    private readonly inquiry: PaymentInquiry,
    private readonly metrics: CallbacksMetrics,
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  /**
   * Stores the callback and updates the ledger in one transaction. A status that contradicts the ledger's payment
   * changes nothing, and the callback ends unconfirmed.
   */
  async receive(
    message: PaymentCallback,
    origin: CallbackOrigin,
    pushed: PushedStatus,
  ): Promise<ReceivedCallback> {
    const { external, requestId, traceparent } = origin;
    const { paymentId } = message;
    try {
      return await this.inbox.receive(message, origin, async (trx) => {
        const cause = await this.#end(trx, message, origin, pushed, undefined);
        await this.inquiry.applyPushed(
          trx,
          external,
          { ...pushed, paymentId },
          { requestId, traceparent },
          { source: 'callback', notify: 'always', cause },
        );
      });
    } catch (error) {
      if (!(error instanceof ContradictedPush)) throw error;
      return this.inbox.receive(message, origin, async (trx) => {
        await this.#end(trx, message, origin, pushed, error.message);
      });
    }
  }

  /** Ends the callback, which needs no query; returns its id. */
  async #end(
    trx: Trx,
    { paymentId }: PaymentCallback,
    { external, requestId }: CallbackOrigin,
    { status, shopTransactionId }: PushedStatus,
    error: string | undefined,
  ): Promise<string> {
    const isBelieved = error === undefined;
    const id = await this.callbacks.endPushed(
      trx,
      { external, payment_id: paymentId },
      {
        state: isBelieved ? 'VERIFIED' : 'UNCONFIRMED',
        finished_at: this.clock.now(),
        last_error: error ?? null,
        shop_transaction_id: isBelieved ? (shopTransactionId ?? null) : null,
      },
    );
    this.store.afterCommit(trx, () => {
      this.metrics.countVerification(external, isBelieved ? 'verified' : 'unconfirmed');
      const fields = { callbackId: id, requestId, external, paymentId: outside(paymentId), status };
      if (isBelieved) this.log.info(fields, 'A pushed status was believed');
      else this.log.warn({ ...fields, detail: error }, 'A pushed status was not believed');
    });
    return id;
  }
}
