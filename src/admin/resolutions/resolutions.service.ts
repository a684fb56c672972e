import { Injectable, Logger } from '@nestjs/common';
import { type AuditedAct, AuditLog } from '../../audit/audit.log.js';
import type { Operator } from '../../audit/operator.js';
import { OperationRepository } from '../../operations/operation.repository.js';
import { StatusQueryLog } from '../../operations/status-query.log.js';
import { PaymentRepository } from '../../payments/payment.repository.js';
import { Store, type Trx } from '../../persistence/store.js';
import { RefundRepository } from '../../refunds/refund.repository.js';
import { SubscriptionRepository } from '../../subscriptions/subscription.repository.js';
import { notFound } from '../admin-parameters.js';
import { type OperationRecord, operationRecord } from '../records/operation-record.js';
import { type PaymentRecord, paymentRecord } from '../records/payment-record.js';
import { type RefundRecord, refundRecord } from '../records/refund-record.js';
import { type SubscriptionRecord, subscriptionRecord } from '../records/subscription-record.js';
import { causeOf } from './operator.js';
import { OperationResolution } from './operation-resolution.service.js';
import { PaymentResolution } from './payment-resolution.service.js';
import { RefundResolution } from './refund-resolution.service.js';
import { SubscriptionResolution } from './subscription-resolution.service.js';
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
    private readonly refundResolution: RefundResolution,
    private readonly subscriptions: SubscriptionRepository,
    private readonly subscriptionResolution: SubscriptionResolution,
    private readonly operationResolution: OperationResolution,
    private readonly audit: AuditLog,
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
   * the refund changed its end. With `corrects`, corrects an earlier resolution.
   */
  async refund(id: string, request: RefundResolutionRequest, operator: Operator): Promise<RefundRecord> {
    const { status, reason } = request;
    const cause = causeOf(operator, reason);
    await this.queryLog.settled();
    const row = await this.#resolve(id, this.refunds, { operator, to: status, reason }, (trx, before) =>
      this.refundResolution.resolve(trx, before, request, operator),
    );
    this.#logger.log({ refund: id, status, cause }, 'Refund resolved by an operator');
    return refundRecord(row);
  }

  /** Resolves a parked subscription, which reconciliation no longer queries. With `corrects`, corrects an earlier resolution. */
  async subscription(
    id: string,
    request: SubscriptionResolutionRequest,
    operator: Operator,
  ): Promise<SubscriptionRecord> {
    const { status, reason } = request;
    const cause = causeOf(operator, reason);
    const row = await this.#resolve(id, this.subscriptions, { operator, to: status, reason }, (trx, before) =>
      this.subscriptionResolution.resolve(trx, before, request, operator),
    );
    this.#logger.log({ subscription: id, status, cause }, 'Subscription resolved by an operator');
    return subscriptionRecord(row);
  }

  /**
   * Resolves an operation that has no payment or refund of its own: an update or an expiry of a subscription. With
   * `corrects`, corrects an earlier resolution.
   */
  async operation(
    id: string,
    request: OperationResolutionRequest,
    operator: Operator,
  ): Promise<OperationRecord> {
    const { outcome, reason } = request;
    const cause = causeOf(operator, reason);
    const row = await this.#resolve(id, this.operations, { operator, to: outcome, reason }, (trx, before) =>
      this.operationResolution.resolve(trx, before, request, operator),
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
}
