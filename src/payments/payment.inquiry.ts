import { Injectable } from '@nestjs/common';
import type { ExternalConfig } from '../config/external-config.js';
import { inScopeOf } from '../observability/request-scope.js';
import { tracedCommit } from '../observability/tracing/traced-commit.js';
import { Tracer } from '../observability/tracing/tracer.js';
import type { EventSource } from '../operations/ledger-event.table.js';
import type { OperationRow } from '../operations/operation.table.js';
import { type QueryNote, StatusQueryLog } from '../operations/status-query.log.js';
import type { QuerySource } from '../operations/status-query.table.js';
import { Store, type Trx } from '../persistence/store.js';
import type { PayAnswer, PaymentStatusAnswer } from '../providers/answers.js';
import type { CallContext, ExternalProvider, StatusQuery } from '../providers/external-provider.js';
import { invalidAnswer, type ProviderOutcome } from '../providers/provider-outcome.js';
import { orderKey, sentOrder } from './order-key.js';
import { isOpen, resultOfStatus } from './payment-state.js';
import { type PaymentStatus, paymentStatus, reportedStatus } from './payment-status.js';
import { isOfOrder, PaymentIdentity } from './payment.identity.js';
import { PaymentLedger } from './payment.ledger.js';
import { PaymentRepository } from './payment.repository.js';
import type { PaymentRow } from './payment.table.js';

/** Why the external is queried, and who is notified of the answer. */
export interface InquiryReason {
  readonly source: Exclude<EventSource, 'call' | 'operator'>;
  /** What sends the query, for the story of the payment. Default: `source`. */
  readonly by?: QuerySource;
  /**
   * `always`: each answer queues a notification (check, verified callback); `on-change`: only a new state does (SPEC
   * §5).
   */
  readonly notify: 'always' | 'on-change';
  /** For the event: the id of the callback, operation or request that caused the query. */
  readonly cause: string | null;
  /** The payment that the external is queried about by its shopTransactionId. */
  readonly about?: PaymentRow;
  /** The order that the external is queried about where there is no such payment. */
  readonly order?: Pick<PaymentRow, 'shop_transaction_id'>;
}

/** The external's answer about the payment that it calls `paymentId`. */
export interface IdentifiedAnswer extends PaymentStatusAnswer {
  readonly paymentId: string;
}

/** A status that the external has pushed by itself. */
export interface PushedAnswer extends IdentifiedAnswer {
  readonly amount?: number;
  readonly currency?: string;
}

/** A pushed status is about another order, amount or currency than the ledger's payment: it is not believed. */
export class ContradictedPush extends Error {}

/** The effect of an applied answer. */
export interface InquiryResult {
  readonly status: PaymentStatus & { readonly paymentId: string };
  /** The payment's row, `pay_…`. */
  readonly paymentRef: string;
  /** The payment has another state than before. */
  readonly changed: boolean;
}

/** The status query for a payment: by its paymentId, else by shopTransactionId if the external supports that. */
export function statusQueryOf(
  row: Pick<PaymentRow, 'payment_id' | 'shop_transaction_id' | 'shop_transaction_id_sent'>,
  { statusByShopTransactionId }: ExternalConfig,
): StatusQuery | undefined {
  if (row.payment_id !== null) return { paymentId: row.payment_id };
  const shopTransactionId = sentOrder(row);
  return statusByShopTransactionId && shopTransactionId !== undefined ? { shopTransactionId } : undefined;
}

/** Queries an external about a payment and updates the ledger, for callbacks, checks, reconciliation and repeats. */
@Injectable()
export class PaymentInquiry {
  constructor(
    private readonly store: Store,
    private readonly payments: PaymentRepository,
    private readonly ledger: PaymentLedger,
    private readonly identity: PaymentIdentity,
    private readonly queries: StatusQueryLog,
    private readonly tracer: Tracer,
  ) {}

  /** Queries and applies the answer in a transaction of its own. Throws `StorageUnavailable` if that fails. */
  inquire(
    provider: ExternalProvider,
    query: StatusQuery,
    context: CallContext,
    reason: InquiryReason,
  ): Promise<ProviderOutcome<InquiryResult>> {
    return inScopeOf(context, async (): Promise<ProviderOutcome<InquiryResult>> => {
      const outcome = await this.query(provider, query, context, noteOf(provider, query, reason));
      if (outcome.kind !== 'completed') return outcome;
      const answer = await tracedCommit(
        this.tracer,
        this.store,
        'commit of the answer',
        context.traceparent,
        (trx) => this.apply(trx, provider.config.name, outcome.answer, context, reason),
      );
      if (!answer) return invalidAnswer('The external named a paymentId that belongs to another order.');
      return { kind: 'completed', answer };
    });
  }

  /** Queries only, and notes the query for the story of the payment, if one is named. */
  async query(
    provider: ExternalProvider,
    query: StatusQuery,
    context: CallContext,
    note: QueryNote | undefined,
  ): Promise<ProviderOutcome<IdentifiedAnswer>> {
    const outcome = await this.#query(provider, query, context);
    if (note) this.queries.note(note, outcome, ({ status }) => status);
    return outcome;
  }

  async #query(
    provider: ExternalProvider,
    query: StatusQuery,
    context: CallContext,
  ): Promise<ProviderOutcome<IdentifiedAnswer>> {
    const outcome = await provider.status(query, context);
    if (outcome.kind !== 'completed') return outcome;
    const { answer } = outcome;
    const paymentId = 'paymentId' in query ? query.paymentId : answer.paymentId;
    if (paymentId === undefined) return invalidAnswer('The external named no paymentId.');
    const queried = 'shopTransactionId' in query ? query.shopTransactionId : undefined;
    const shopTransactionId = answer.shopTransactionId ?? queried;
    if (queried !== undefined && orderKey(shopTransactionId!) !== orderKey(queried))
      return invalidAnswer('The external answered about another shopTransactionId.');
    return {
      kind: 'completed',
      answer: { ...answer, paymentId, ...(shopTransactionId !== undefined && { shopTransactionId }) },
    };
  }

  /**
   * Updates the ledger with an answer. An answer older than the ledger's state changes nothing (SPEC §4). Undefined if
   * the answer names a payment of another order than the one that was queried.
   */
  async apply(
    trx: Trx,
    external: string,
    answer: IdentifiedAnswer,
    context: CallContext,
    reason: InquiryReason,
  ): Promise<InquiryResult | undefined> {
    const { about, order = about } = reason;
    const row = await this.identity.adopt(trx, external, answer.paymentId, answer.shopTransactionId);
    if (order && !isOfOrder(row, order)) {
      if (about) await this.identity.claim(trx, about, row);
      return undefined;
    }
    return this.#record(trx, row, answer, context, reason);
  }

  /**
   * Updates the ledger with a status that the external has pushed.
   * @throws ContradictedPush if it cannot be about the ledger's payment; roll the transaction back
   */
  async applyPushed(
    trx: Trx,
    external: string,
    pushed: PushedAnswer,
    context: CallContext,
    reason: InquiryReason,
  ): Promise<InquiryResult> {
    const row = await this.identity.adopt(trx, external, pushed.paymentId, pushed.shopTransactionId);
    const contradicted = contradictionOf(row, pushed);
    if (contradicted) throw new ContradictedPush(`The ${contradicted} is not that of the payment.`);
    // For an unsolicited payment: the next push, and the answer that names it, must agree.
    const amount = row.amount_minor ?? pushed.amount ?? null;
    const currency = row.currency ?? pushed.currency ?? null;
    if (amount !== row.amount_minor || currency !== row.currency)
      await this.payments.setMoney(trx, row.id, { amount_minor: amount, currency });
    const note: QueryNote = { subject: { ref: row.id }, source: 'callback', cause: reason.cause };
    this.store.afterCommit(trx, () =>
      this.queries.note(note, { kind: 'completed', answer: pushed }, ({ status }) => status),
    );
    return this.#record(trx, row, pushed, context, reason);
  }

  async #record(
    trx: Trx,
    row: PaymentRow,
    answer: IdentifiedAnswer,
    { requestId, traceparent }: CallContext,
    { source, notify: when, cause }: InquiryReason,
  ): Promise<InquiryResult> {
    const { paymentId } = answer;
    const changed = await this.ledger.move(trx, { ...row, payment_id: paymentId }, answer.status, {
      source,
      cause,
      notify: { when, answer, requestId, traceparent },
    });
    const status = paymentStatus(answer, {
      paymentId,
      shopTransactionId: sentOrder(row),
      providerName: row.external,
      status: reportedStatus(changed ? answer.status : row.state, answer.status),
    });
    return { status, paymentRef: row.id, changed };
  }

  /**
   * The result of an operation of unknown outcome that creates a payment: from the ledger if the payment is settled by
   * now, else from the external. Undefined if neither is certain.
   */
  async resultOf(
    operation: OperationRow,
    provider: ExternalProvider,
    context: CallContext,
  ): Promise<Pick<PayAnswer, 'result' | 'paymentId' | 'metadata'> | undefined> {
    const row = await this.store.read((db) => this.payments.find(db, operation.payment_ref!));
    if (!row) return undefined;
    if (row.payment_id !== null && !isOpen(row.state))
      return { result: row.state === 'ACCEPTED' ? 'OK' : 'KO', paymentId: row.payment_id };
    const query = statusQueryOf(row, provider.config);
    if (!query) return undefined;
    const reason: InquiryReason = {
      source: 'reconciliation',
      by: 'repeat',
      notify: 'on-change',
      cause: operation.id,
      ...('shopTransactionId' in query && { about: row }),
    };
    const outcome = await this.inquire(provider, query, context, reason);
    // By shopTransactionId the external may answer about another payment: an earlier one that failed, or an allowed
    // duplicate.
    if (outcome.kind !== 'completed' || outcome.answer.paymentRef !== row.id) return undefined;
    const { status, paymentId, metadata } = outcome.answer.status;
    return { result: resultOfStatus(status), paymentId, ...(metadata !== undefined && { metadata }) };
  }
}

function noteOf(
  { config }: ExternalProvider,
  query: StatusQuery,
  { source, by = source, cause, about }: InquiryReason,
): QueryNote | undefined {
  if (about) return { subject: { ref: about.id }, source: by, cause };
  return 'paymentId' in query
    ? { subject: { external: config.name, paymentId: query.paymentId }, source: by, cause }
    : undefined;
}

/** What the ledger does not know contradicts nothing. */
function contradictionOf(
  { amount_minor, currency, shop_transaction_id: key }: PaymentRow,
  pushed: PushedAnswer,
): string | undefined {
  if (pushed.amount !== undefined && (amount_minor ?? pushed.amount) !== pushed.amount) return 'amount';
  if (pushed.currency !== undefined && (currency ?? pushed.currency) !== pushed.currency) return 'currency';
  const { shopTransactionId } = pushed;
  return shopTransactionId !== undefined && key !== null && orderKey(shopTransactionId) !== key
    ? 'shopTransactionId'
    : undefined;
}
