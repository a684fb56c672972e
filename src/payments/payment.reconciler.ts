import { Injectable, type OnModuleInit } from '@nestjs/common';
import { NotificationOutbox } from '../notifications/notification.outbox.js';
import { LedgerEventRepository } from '../operations/ledger-event.repository.js';
import { OperationRepository } from '../operations/operation.repository.js';
import { Store } from '../persistence/store.js';
import type { CallContext, StatusQuestion } from '../providers/external-provider.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import type { ProviderOutcome, Rejected } from '../providers/provider-outcome.js';
import { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { type InquiryResult, PaymentInquiry } from './payment.inquiry.js';
import { PaymentRepository } from './payment.repository.js';
import type { PaymentRow } from './payment.table.js';
import { NOT_DUE, ReconciliationSchedule } from './reconciliation-schedule.js';
import { handBack } from './reconciliation-claim.js';
import { type Reconciled, type Reconciler, ReconciliationWorker } from './reconciliation.worker.js';
import { ReconciliationRepository } from './reconciliation.repository.js';

const DEFERRAL_MS = 1_000;

/** Asks the external about one payment that is PENDING or UNKNOWN, and acts on what it says (SPEC §4). */
@Injectable()
export class PaymentReconciler implements Reconciler, OnModuleInit {
  constructor(
    private readonly store: Store,
    private readonly registry: ExternalProviderRegistry,
    private readonly inquiry: PaymentInquiry,
    private readonly payments: PaymentRepository,
    private readonly due: ReconciliationRepository,
    private readonly operations: OperationRepository,
    private readonly events: LedgerEventRepository,
    private readonly outbox: NotificationOutbox,
    private readonly schedule: ReconciliationSchedule,
    private readonly worker: ReconciliationWorker,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.worker.register('payments', this);
  }

  /** `row` is leased to `token`, the question counted. Throws `StorageUnavailable`; the lease then ends by itself. */
  async reconcile(row: PaymentRow, token: string): Promise<Reconciled> {
    const provider = this.registry.get(row.external);
    // Out of the configuration, perhaps for a while only.
    if (!provider) return this.#reschedule(row, token, 'failed-to-ask', true);
    const question = questionAbout(row, provider.config.statusByShopTransactionId);
    if (!question) return this.#reschedule(row, token, 'parked', false);
    const askedAtMs = this.clock.now();
    const outcome = await this.inquiry.ask(provider, question, this.#context(row), {
      source: 'reconciliation',
      notify: 'on-change',
      cause: null,
    });
    return this.#act(row, token, outcome, askedAtMs);
  }

  async #act(
    row: PaymentRow,
    token: string,
    outcome: ProviderOutcome<InquiryResult>,
    askedAtMs: number,
  ): Promise<Reconciled> {
    switch (outcome.kind) {
      case 'completed': {
        const { status, paymentRef } = outcome.answer;
        // By shopTransactionId the external may have spoken of another payment, which says nothing of this one.
        const settled = status.status !== 'PENDING' && paymentRef === row.id;
        return this.#reschedule(row, token, settled ? 'settled' : 'still-open', true);
      }
      case 'rejected':
        return isNeverSeen(row, outcome)
          ? this.#neverSeen(row, token, askedAtMs)
          : this.#reschedule(row, token, 'failed-to-ask', true);
      case 'not-executed':
        if (outcome.reason === 'concurrency-limit' || outcome.reason === 'throttled') {
          const waitMs = Math.max(outcome.retryAfterMs ?? 0, DEFERRAL_MS);
          return this.#handBack(row, token, 'deferred', this.clock.now() + waitMs);
        }
        return this.#reschedule(row, token, 'failed-to-ask', true);
      case 'unknown':
        return this.#reschedule(row, token, 'failed-to-ask', true);
      default:
        return outcome satisfies never;
    }
  }

  async #reschedule(
    row: PaymentRow,
    token: string,
    result: Reconciled,
    askable: boolean,
  ): Promise<Reconciled> {
    const next = this.schedule.next(row.asks, askable, this.clock.now());
    await this.store.transaction((trx) => this.due.reschedule(trx, row.id, token, next));
    return result !== 'settled' && next.parkedAt !== null ? 'parked' : result;
  }

  async #handBack(
    { id }: PaymentRow,
    token: string,
    result: Reconciled,
    dueAtMs: number,
  ): Promise<Reconciled> {
    await this.store.transaction((trx) => handBack(trx, 'payments', { id, token, dueAtMs }));
    return result;
  }

  /**
   * Certain only when said twice, both times to a question that was put when the call could not be under way any more (SPEC §4).
   * What was said before that proves nothing: it does not count, and the question is put again as soon as it can.
   */
  async #neverSeen(row: PaymentRow, token: string, askedAtMs: number): Promise<Reconciled> {
    if (askedAtMs <= row.deadline_at) return this.#handBack(row, token, 'too-early', row.deadline_at + 1);
    const now = this.clock.now();
    if (row.never_seen_at === null) {
      await this.store.transaction((trx) => this.due.noteNeverSeen(trx, row.id, now));
      return this.#reschedule(row, token, 'never-seen', true);
    }
    if (await this.#fail(row, now)) return 'settled';
    return this.#handBack(row, token, 'too-early', now + DEFERRAL_MS);
  }

  /**
   * It was never executed: FAILED, the receiver is told, and the operation's key may be used again. False, and nothing is changed,
   * where it is not open any more, or where a repeat with the same key has taken its operation up again: then what was said
   * before counts no more.
   */
  async #fail(row: PaymentRow, now: number): Promise<boolean> {
    const failed = await this.store.transaction(async (trx) => {
      const current = await this.payments.lock(trx, row.id);
      if (current?.state !== row.state || current.never_seen_at !== row.never_seen_at) return false;
      if (!(await this.operations.notExecuted(trx, row.id, now))) return false;
      await this.payments.advance(trx, row.id, [row.state], { state: 'FAILED', atMs: now, ...NOT_DUE });
      await this.events.append(trx, {
        external: row.external,
        payment_ref: row.id,
        at: now,
        source: 'reconciliation',
        before: row.state,
        after: 'FAILED',
        cause: 'The external has never seen it',
      });
      await this.outbox.enqueue(trx, {
        paymentRef: row.id,
        external: row.external,
        version: await this.payments.nextVersion(trx, row.id),
        payload: {
          status: 'FAILED',
          ...(row.shop_transaction_id !== null && { shopTransactionId: row.shop_transaction_id }),
          providerName: row.external,
        },
        traceparent: row.traceparent ?? undefined,
        atMs: now,
      });
      return true;
    });
    if (failed) this.outbox.wake();
    return failed;
  }

  #context(row: PaymentRow): CallContext {
    return {
      requestId: newIdentifier('req', this.clock.now()),
      traceparent: row.traceparent ?? undefined,
      priority: 'background',
    };
  }
}

function questionAbout(row: PaymentRow, byShopTransactionId: boolean): StatusQuestion | undefined {
  if (row.payment_id !== null) return { paymentId: row.payment_id };
  if (byShopTransactionId && row.shop_transaction_id !== null)
    return { shopTransactionId: row.shop_transaction_id };
  return undefined;
}

/**
 * True where "never seen" may mean that it was never executed: of a payment that the external has not named, nor answered otherwise.
 * A link that was made and that nobody has used yet may well be unknown to `/status`.
 */
function isNeverSeen(row: PaymentRow, { reason, page }: Rejected): boolean {
  return reason === 'not-found' && !page && row.payment_id === null && row.state === 'UNKNOWN';
}
