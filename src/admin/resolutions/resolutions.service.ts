import { Injectable, Logger } from '@nestjs/common';
import { type AuditedAct, AuditLog } from '../../audit/audit.log.js';
import type { Operator } from '../../audit/operator.js';
import { OperationRepository } from '../../operations/operation.repository.js';
import { StatusQueryLog } from '../../operations/status-query.log.js';
import { PaymentRepository } from '../../payments/payment.repository.js';
import { Store, type Trx } from '../../persistence/store.js';
import { RefundLedger } from '../../refunds/refund.ledger.js';
import { RefundRepository } from '../../refunds/refund.repository.js';
import { Clock } from '../../shared/clock.js';
import { SubscriptionLedger } from '../../subscriptions/subscription.ledger.js';
import { SubscriptionRepository } from '../../subscriptions/subscription.repository.js';
import { notFound } from '../admin-parameters.js';
import { type OperationRecord, operationRecord } from '../records/operation-record.js';
import { type PaymentRecord, paymentRecord } from '../records/payment-record.js';
import { type RefundRecord, refundRecord } from '../records/refund-record.js';
import { type SubscriptionRecord, subscriptionRecord } from '../records/subscription-record.js';
import { causeOf, conflict } from './operator.js';
import { CHANGED_MEANWHILE, PaymentResolution, STILL_RUNNING } from './payment-resolution.service.js';
import type {
  OperationResolutionRequest,
  PaymentResolutionRequest,
  RefundResolutionRequest,
  SubscriptionResolutionRequest,
} from './resolution-requests.js';

/**
 * Records outcomes that operators know from another source: the gateway never guesses them (SPEC §4). Every method
 * throws `not-found`, or `conflict` where the present state does not allow the resolution.
 */
@Injectable()
export class Resolutions {
  readonly #logger = new Logger(Resolutions.name);

  constructor(
    private readonly store: Store,
    private readonly operations: OperationRepository,
    private readonly payments: PaymentRepository,
    private readonly paymentResolution: PaymentResolution,
    private readonly queryLog: StatusQueryLog,
    private readonly refunds: RefundRepository,
    private readonly refundLedger: RefundLedger,
    private readonly subscriptions: SubscriptionRepository,
    private readonly subscriptionLedger: SubscriptionLedger,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /**
   * Resolves a payment that is UNKNOWN, or PENDING and parked. Queues a notification, as every change does. `ACCEPTED`
   * for an ACCEPTED payment ends the item of attention that its order was paid twice. With `corrects`, corrects an earlier
   * resolution.
   */
  async payment(id: string, request: PaymentResolutionRequest, operator: Operator): Promise<PaymentRecord> {
    const { status, reason } = request;
    const cause = causeOf(operator, reason);
    // What the external has answered since an earlier resolution decides about a correction.
    await this.queryLog.settled();
    const row = await this.#resolve(id, this.payments, { operator, to: status, reason }, (trx, before) =>
      this.paymentResolution.resolve(trx, before, request, operator),
    );
    this.#logger.log({ payment: id, status, cause }, 'Payment resolved by an operator');
    return paymentRecord(row);
  }

  /**
   * Resolves a refund whose outcome only the external's staff know. The present state ends the item of attention that
   * the refund changed its end.
   */
  async refund(
    id: string,
    { status, reason }: RefundResolutionRequest,
    operator: Operator,
  ): Promise<RefundRecord> {
    const cause = causeOf(operator, reason);
    const row = await this.#resolve(
      id,
      this.refunds,
      { operator, to: status, reason },
      async (trx, before) => {
        if (before.reversal !== null && before.state === status)
          return this.refundLedger.confirm(trx, before, cause);
        if (before.state !== 'PENDING' && before.state !== 'UNKNOWN') {
          throw conflict(`The refund is ${before.state}: there is nothing to resolve.`);
        }
        if (await this.operations.isRunning(trx, { refund_ref: id })) throw conflict(STILL_RUNNING);
        const moved = await this.refundLedger.move(trx, before, status, {
          source: 'operator',
          cause,
          notify: {
            when: 'on-change',
            requestId: operator.requestId,
            traceparent: operator.traceparent,
          },
        });
        if (!moved) throw conflict(CHANGED_MEANWHILE);
        if (status === 'KO') await this.#releaseKey(trx, { refund_ref: id });
        return undefined;
      },
    );
    this.#logger.log({ refund: id, status, cause }, 'Refund resolved by an operator');
    return refundRecord(row);
  }

  /** Resolves a parked subscription, which reconciliation no longer queries. */
  async subscription(
    id: string,
    { status, reason, subscriptionToken: token }: SubscriptionResolutionRequest,
    operator: Operator,
  ): Promise<SubscriptionRecord> {
    const cause = causeOf(operator, reason);
    const row = await this.#resolve(
      id,
      this.subscriptions,
      { operator, to: status, reason },
      async (trx, before) => {
        if (before.parked_at === null) throw conflict(`The subscription is ${before.state}, and not parked.`);
        if (token !== undefined && token !== before.token) {
          if (before.token !== null)
            throw conflict('The subscription has another subscriptionToken already.');
          const holder = await this.subscriptions.findByToken(trx, before.external, token);
          if (holder) throw conflict(`This subscriptionToken belongs to the subscription ${holder.id}.`);
        }
        if (before.state === status) {
          await this.subscriptionLedger.confirm(trx, before, cause);
        } else if (
          !(await this.subscriptionLedger.move(trx, before, status, {
            source: 'operator',
            cause,
            token,
            notify: { when: 'on-change' },
          }))
        ) {
          throw conflict(`A subscription that is ${before.state} cannot become ${status}.`);
        }
      },
    );
    this.#logger.log({ subscription: id, status, cause }, 'Subscription resolved by an operator');
    return subscriptionRecord(row);
  }

  /** Resolves an operation that has no payment or refund of its own: an update or an expiry of a subscription. */
  async operation(
    id: string,
    { outcome, reason }: OperationResolutionRequest,
    operator: Operator,
  ): Promise<OperationRecord> {
    const cause = `${id}, ${causeOf(operator, reason)}`;
    const row = await this.#resolve(
      id,
      this.operations,
      { operator, to: outcome, reason },
      async (trx, before) => {
        const { state, payment_ref, refund_ref } = before;
        if (state !== 'unknown') throw conflict(`The operation is ${state}: there is nothing to resolve.`);
        if (refund_ref !== null) throw conflict(`It is resolved with its refund: resolve ${refund_ref}.`);
        if (payment_ref !== null) throw conflict(`It is resolved with its payment: resolve ${payment_ref}.`);
        const atMs = this.clock.now();
        if (!(await this.operations.resolve(trx, id, outcome, atMs))) throw conflict(CHANGED_MEANWHILE);
        await this.subscriptionLedger.noteResolution(trx, before, outcome, cause, atMs);
      },
    );
    this.#logger.log({ operation: id, outcome, cause }, 'Operation resolved by an operator');
    return operationRecord(row);
  }

  /**
   * Applies a resolution to the row of `id` and records it in the audit, in one transaction, and returns the row as it
   * is afterwards.
   */
  #resolve<Row extends { readonly state: string; readonly external: string }>(
    id: string,
    rows: { find(trx: Trx, id: string): Promise<Row | undefined> },
    { operator, to, reason }: { operator: Operator; to: string; reason: string },
    apply: (trx: Trx, before: Row) => Promise<void>,
  ): Promise<Row> {
    return this.store.transaction(async (trx) => {
      const before = await rows.find(trx, id);
      if (!before) throw notFound();
      await apply(trx, before);
      const { external, state } = before;
      const act: AuditedAct = { subject: id, external, change: `${state} → ${to}`, reason };
      await this.audit.append(trx, operator, act);
      return (await rows.find(trx, id))!;
    });
  }

  /** Nothing was executed: the `Idempotency-Key` may execute the operation. */
  #releaseKey(trx: Trx, subject: Parameters<OperationRepository['notExecuted']>[1]): Promise<unknown> {
    return this.operations.notExecuted(trx, subject, 'operator', this.clock.now());
  }
}
