import { Injectable } from '@nestjs/common';
import { Log } from '../observability/logging/log.js';
import { outside } from '../observability/logging/outside.js';
import { type ContradictedPush, PaymentInquiry } from '../payments/payment.inquiry.js';
import { Store, type Trx } from '../persistence/store.js';
import { Clock } from '../shared/clock.js';
import { CallbackRepository } from './callback.repository.js';
import { CallbacksMetrics } from './callbacks.metrics.js';
import type { PushedStatus } from './pushed-status.js';

/** The callback that a status came with. */
interface PushOrigin {
  readonly external: string;
  readonly paymentId: string;
  readonly requestId: string;
  readonly traceparent: string;
}

/** Believes the statuses that trusted externals push, instead of querying them (SPEC §2). */
@Injectable()
export class StatusPushes {
  constructor(
    private readonly store: Store,
    private readonly callbacks: CallbackRepository,
    private readonly inquiry: PaymentInquiry,
    private readonly metrics: CallbacksMetrics,
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  /**
   * In the transaction that stores the callback: updates the ledger and ends the callback as verified. After a
   * `contradiction`, the callback ends unconfirmed and changes nothing.
   * @throws ContradictedPush
   */
  async apply(
    trx: Trx,
    { external, paymentId, requestId, traceparent }: PushOrigin,
    pushed: PushedStatus,
    contradiction: ContradictedPush | undefined,
  ): Promise<void> {
    const error = contradiction?.message;
    const id = await this.callbacks.endPushed(
      trx,
      { external, payment_id: paymentId },
      {
        state: error === undefined ? 'VERIFIED' : 'UNCONFIRMED',
        finished_at: this.clock.now(),
        last_error: error ?? null,
        shop_transaction_id: error === undefined ? (pushed.shopTransactionId ?? null) : null,
      },
    );
    if (error === undefined)
      await this.inquiry.applyPushed(
        trx,
        external,
        { ...pushed, paymentId },
        { requestId, traceparent },
        { source: 'callback', notify: 'always', cause: id },
      );
    this.store.afterCommit(trx, () => {
      this.metrics.countVerification(external, error === undefined ? 'verified' : 'unconfirmed');
      const fields = { callbackId: id, requestId, external, paymentId: outside(paymentId), status: pushed.status };
      if (error === undefined) this.log.info(fields, 'A pushed status was believed');
      else this.log.warn({ ...fields, detail: error }, 'A pushed status was not believed');
    });
  }
}
