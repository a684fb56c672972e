import { Injectable } from '@nestjs/common';
import { NotificationOutbox } from '../notifications/notification.outbox.js';
import { inScopeOf } from '../observability/request-scope.js';
import { traced, Tracer } from '../observability/tracing/tracer.js';
import { LedgerEventRepository } from '../operations/ledger-event.repository.js';
import type { EventSource } from '../operations/ledger-event.table.js';
import { Store, type Trx } from '../persistence/store.js';
import type { PaymentStatusAnswer, PaymentStatusName } from '../providers/answers.js';
import type { CallContext, ExternalProvider, StatusQuestion } from '../providers/external-provider.js';
import type { ProviderOutcome, Unknown } from '../providers/provider-outcome.js';
import { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { UnsolicitedPaymentLedger } from './unsolicited-payment.ledger.js';
import { isOpen, mayBecome, type PaymentState } from './payment-state.js';
import { type PaymentStatus, paymentStatus } from './payment-status.js';
import { PaymentRepository } from './payment.repository.js';
import type { PaymentRow } from './payment.table.js';
import { NOT_DUE, ReconciliationSchedule } from './reconciliation-schedule.js';

/** Why the external is asked, and whom its answer concerns. */
export interface InquiryReason {
  readonly source: Exclude<EventSource, 'call' | 'operator'>;
  /** `always`: each answer queues a notification (check, verified callback); `on-change`: only a new state does (SPEC §5). */
  readonly notify: 'always' | 'on-change';
  /** What brought the question, for the event: a callback's id, an operation's, … */
  readonly cause: string | null;
}

/** What an applied answer did. */
export interface InquiryResult {
  readonly status: PaymentStatus;
  /** The payment's row, `pay_…`. */
  readonly paymentRef: string;
  readonly changed: boolean;
}

/**
 * Asks the external about a payment and brings the ledger to the answer: the one way by which a callback, a check and
 * reconciliation change a payment. A stale answer changes nothing (SPEC §4).
 */
@Injectable()
export class PaymentInquiry {
  constructor(
    private readonly store: Store,
    private readonly payments: PaymentRepository,
    private readonly events: LedgerEventRepository,
    private readonly outbox: NotificationOutbox,
    private readonly learned: UnsolicitedPaymentLedger,
    private readonly schedule: ReconciliationSchedule,
    private readonly clock: Clock,
    private readonly tracer: Tracer,
  ) {}

  /** Throws `StorageUnavailable` where the answer could not be written down. */
  ask(
    provider: ExternalProvider,
    question: StatusQuestion,
    context: CallContext,
    reason: InquiryReason,
  ): Promise<ProviderOutcome<InquiryResult>> {
    return inScopeOf(context, () => this.#ask(provider, question, context, reason));
  }

  async #ask(
    provider: ExternalProvider,
    question: StatusQuestion,
    context: CallContext,
    reason: InquiryReason,
  ): Promise<ProviderOutcome<InquiryResult>> {
    const outcome = await provider.status(question, context);
    if (outcome.kind !== 'completed') return outcome;
    const paymentId = 'paymentId' in question ? question.paymentId : outcome.answer.paymentId;
    if (paymentId === undefined) return broken('The external named no paymentId.');
    const shopTransactionId = 'shopTransactionId' in question ? question.shopTransactionId : undefined;
    const answer = {
      ...outcome.answer,
      shopTransactionId: outcome.answer.shopTransactionId ?? shopTransactionId,
    };
    const result = await traced(this.tracer, 'commit of the answer', { parent: context.traceparent }, () =>
      this.store.transaction((trx) =>
        this.#apply(trx, provider.config.name, paymentId, answer, context, reason),
      ),
    );
    this.outbox.wake();
    return { kind: 'completed', answer: result };
  }

  async #apply(
    trx: Trx,
    external: string,
    paymentId: string,
    answer: PaymentStatusAnswer,
    { requestId, traceparent }: CallContext,
    reason: InquiryReason,
  ): Promise<InquiryResult> {
    const row = await this.#findOrLearn(trx, external, paymentId, answer);
    const { changed, state } = await this.#advance(trx, row, answer.status, reason);
    const status = paymentStatus(answer, {
      paymentId,
      shopTransactionId: row.shop_transaction_id,
      providerName: external,
      status: toldStatus(state, answer.status),
    });
    if (changed || reason.notify === 'always') {
      await this.outbox.enqueue(trx, {
        paymentRef: row.id,
        external,
        version: await this.payments.nextVersion(trx, row.id),
        payload: status,
        requestId,
        traceparent: traceparent ?? row.traceparent ?? undefined,
        atMs: this.clock.now(),
      });
    }
    return { status, paymentRef: row.id, changed };
  }

  /**
   * The one payment with this shopTransactionId that still waits for its id, where no payment has this id or only a learned one
   * that is no older; else the payment with this id; else a new row.
   */
  async #findOrLearn(
    trx: Trx,
    external: string,
    paymentId: string,
    { shopTransactionId }: PaymentStatusAnswer,
  ): Promise<PaymentRow> {
    // Asked twice: while the first waited for its lock, a learned row may have become part of another.
    const known =
      (await this.payments.lockByPaymentId(trx, external, paymentId)) ??
      (await this.payments.lockByPaymentId(trx, external, paymentId));
    if (known && known.origin !== 'learned') return known;
    const unlinked =
      shopTransactionId === undefined
        ? []
        : await this.payments.lockUnlinked(trx, external, shopTransactionId);
    const [own, another] = unlinked;
    if (own && !another && known === undefined) {
      await this.payments.link(trx, own.id, { paymentId });
      return { ...own, payment_id: paymentId };
    }
    if (own && !another && known && known.created_at >= own.created_at)
      return this.learned.absorb(trx, own, paymentId);
    return known ?? this.#learn(trx, external, paymentId, shopTransactionId);
  }

  async #learn(
    trx: Trx,
    external: string,
    paymentId: string,
    shopTransactionId: string | undefined,
  ): Promise<PaymentRow> {
    const now = this.clock.now();
    const row: PaymentRow = {
      id: newIdentifier('pay', now),
      external,
      caller: null,
      origin: 'learned',
      payment_id: paymentId,
      shop_transaction_id: shopTransactionId ?? null,
      subscription_token: null,
      amount_minor: null,
      currency: null,
      state: 'CREATED',
      refunded_minor: 0,
      duplicate_guard: 0,
      version: 0,
      created_at: now,
      updated_at: now,
      deadline_at: now,
      next_ask_at: null,
      asks: 0,
      never_seen_at: null,
      parked_at: null,
      lease_token: null,
      lease_until: null,
      traceparent: null,
    };
    if (await this.payments.insertUnlessTaken(trx, row)) return row;
    // Another replica learned of it at the same time.
    const theirs = await this.payments.findByPaymentId(trx, external, paymentId);
    if (!theirs) throw new Error(`Payment ${paymentId} of ${external} could be neither read nor written`);
    return theirs;
  }

  async #advance(
    trx: Trx,
    row: PaymentRow,
    after: PaymentStatusName,
    reason: InquiryReason,
  ): Promise<{ changed: boolean; state: PaymentState }> {
    const { state: before } = row;
    if (!mayBecome(before, after)) return { changed: false, state: before };
    const now = this.clock.now();
    const next = isOpen(after) ? this.schedule.next(row.asks, true, now) : NOT_DUE;
    if (!(await this.payments.advance(trx, row.id, [before], { state: after, atMs: now, ...next }))) {
      // Somebody was faster: what they wrote decides.
      const newer = await this.payments.find(trx, row.id);
      return newer ? this.#advance(trx, newer, after, reason) : { changed: false, state: before };
    }
    await this.events.append(trx, {
      external: row.external,
      payment_ref: row.id,
      at: now,
      source: reason.source,
      before,
      after,
      cause: reason.cause,
    });
    return { changed: true, state: after };
  }
}

/** The receiver and the caller are never told an older truth than the ledger's. */
function toldStatus(state: PaymentState, answered: PaymentStatusName): PaymentStatusName {
  return state === 'ACCEPTED' || state === 'FAILED' || state === 'PENDING' ? state : answered;
}

function broken(detail: string): Unknown {
  return { kind: 'unknown', reason: 'invalid-answer', detail };
}
