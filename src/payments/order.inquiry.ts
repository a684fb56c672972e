import { Injectable } from '@nestjs/common';
import type { CallerContext } from '../http/caller-context.js';
import { outcomeProblem } from '../operations/outcome-problem.js';
import { Store, type Trx } from '../persistence/store.js';
import { Problem } from '../problems/problem.js';
import { OPERATIONS } from '../config/external-operation.js';
import type { ExternalProvider, StatusQuery } from '../providers/external-provider.js';
import { invalidAnswer, isLeftToLedger } from '../providers/provider-outcome.js';
import { orderKey, sentOrder } from './order-key.js';
import { paymentOfOrder, stateAfter, statusOfState } from './payment-of-order.js';
import { type PaymentStatus, paymentStatus, reportedStatus } from './payment-status.js';
import { statusInLedger } from './status-in-ledger.js';
import { isOfOrder } from './payment.identity.js';
import { type IdentifiedAnswer, PaymentInquiry, statusQueryOf } from './payment.inquiry.js';
import { PaymentLedger } from './payment.ledger.js';
import { PaymentOrderRepository } from './payment-order.repository.js';
import { PaymentRepository } from './payment.repository.js';
import type { PaymentRow } from './payment.table.js';

/** What the ledger and the external know about an order: at least one of them has it. */
interface KnownOrder {
  readonly row: PaymentRow | undefined;
  /** Undefined where only the ledger has it, or the external cannot be queried about it. */
  readonly answer: IdentifiedAnswer | undefined;
}

/**
 * The status of an order: of its newest payment that is not FAILED, else of its newest, by the ledger and by the
 * external (SPEC §1).
 */
@Injectable()
export class OrderInquiry {
  constructor(
    private readonly store: Store,
    private readonly payments: PaymentRepository,
    private readonly orders: PaymentOrderRepository,
    private readonly ledger: PaymentLedger,
    private readonly inquiry: PaymentInquiry,
  ) {}

  /** Queries the external. Changes nothing in the ledger. */
  async status(
    provider: ExternalProvider,
    shopTransactionId: string,
    context: CallerContext,
  ): Promise<PaymentStatus> {
    const providerName = provider.config.name;
    const { row, answer } = await this.#query(provider, shopTransactionId, context, 'status');
    if (!answer) return statusInLedger(row!);
    const { paymentId } = answer;
    const holder = await this.store.read((db) => this.payments.findByPaymentId(db, providerName, paymentId));
    if (holder && !isOfOrder(holder, { shop_transaction_id: orderKey(shopTransactionId) }))
      throw outcomeProblem(OTHER_ORDER, OPERATIONS.status);
    const named = holder ?? (row?.payment_id === null && row.state !== 'FAILED' ? row : undefined);
    const answered = {
      state: named ? stateAfter(named.state, answer.status) : answer.status,
      created_at: named?.created_at ?? Infinity,
    };
    const inLedger = row && row.id !== named?.id ? [row] : [];
    const newest = paymentOfOrder([answered, ...inLedger]);
    if (newest !== answered) return statusInLedger(row!);
    return paymentStatus(answer, {
      paymentId,
      shopTransactionId: sentOrder(named ?? {}) ?? shopTransactionId,
      providerName,
      status: reportedStatus(answered.state, answer.status),
    });
  }

  /** Queries the external, updates the ledger and notifies the receiver of the order's status (SPEC §5). */
  async check(
    provider: ExternalProvider,
    shopTransactionId: string,
    context: CallerContext,
  ): Promise<PaymentStatus> {
    const known = await this.#query(provider, shopTransactionId, context, 'check');
    const status = await this.store.transaction((trx) =>
      this.#record(trx, provider.config.name, shopTransactionId, known, context),
    );
    if (!status) throw outcomeProblem(OTHER_ORDER, OPERATIONS.status);
    return status;
  }

  /** Undefined if the answer names a payment of another order. */
  async #record(
    trx: Trx,
    external: string,
    shopTransactionId: string,
    { row, answer }: KnownOrder,
    context: CallerContext,
  ): Promise<PaymentStatus | undefined> {
    const { requestId, traceparent } = context;
    const reason = { source: 'check', cause: requestId } as const;
    const applied =
      answer &&
      (await this.inquiry.apply(trx, external, answer, context, {
        ...reason,
        notify: 'on-change',
        order: { shop_transaction_id: orderKey(shopTransactionId) },
        // A FAILED payment is not what the external answers about: the order may have another one.
        ...(row?.payment_id === null && row.state !== 'FAILED' && { about: row }),
      }));
    if (answer && !applied) return undefined;
    const newest =
      (await this.orders.newestOfOrder(trx, external, shopTransactionId)) ??
      (await this.payments.find(trx, applied!.paymentRef))!;
    if (applied?.changed && applied.paymentRef === newest.id) return applied.status;
    const reported =
      answer && answer.paymentId === newest.payment_id ? answer : { status: statusOfState(newest.state) };
    await this.ledger.move(trx, newest, newest.state, {
      ...reason,
      notify: { when: 'always', answer: reported, requestId, traceparent },
    });
    return applied?.paymentRef === newest.id ? applied.status : statusInLedger(newest);
  }

  /**
   * @throws Problem `payment-not-found` if neither has a payment of this order; those of a status query if the external
   *   fails
   */
  async #query(
    provider: ExternalProvider,
    shopTransactionId: string,
    context: CallerContext,
    source: 'status' | 'check',
  ): Promise<KnownOrder> {
    const { config } = provider;
    const row = await this.store.read((db) => this.orders.newestOfOrder(db, config.name, shopTransactionId));
    const byOrder = config.statusByShopTransactionId ? { shopTransactionId } : undefined;
    // After a FAILED payment the external may have another one of the order.
    const isOver = row === undefined || row.state === 'FAILED';
    const query: StatusQuery | undefined =
      (isOver ? byOrder : undefined) ?? (row && statusQueryOf(row, config));
    if (!query) {
      if (row) return { row, answer: undefined };
      throw new Problem(
        'payment-not-found',
        'The gateway has no payment with this shopTransactionId, and this external cannot be queried by it.',
      );
    }
    const note = row && { subject: { ref: row.id }, source, cause: context.requestId };
    const outcome = await this.inquiry.query(provider, query, context, note);
    if (outcome.kind === 'completed') return { row, answer: outcome.answer };
    const isUnknownToExternal =
      (outcome.kind === 'rejected' && outcome.reason === 'not-found') || isLeftToLedger(outcome);
    if (!row || !isUnknownToExternal) throw outcomeProblem(outcome, OPERATIONS.status);
    return { row, answer: undefined };
  }
}

const OTHER_ORDER = invalidAnswer('The external named a paymentId that belongs to another order.');
