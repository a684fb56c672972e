import { Injectable, type OnModuleInit } from '@nestjs/common';
import { NotificationOutbox } from '../notifications/notification.outbox.js';
import { LedgerEventRepository } from '../operations/ledger-event.repository.js';
import { OperationRepository } from '../operations/operation.repository.js';
import { Store } from '../persistence/store.js';
import type { CallContext, StatusQuestion } from '../providers/external-provider.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { type InquiryResult, PaymentInquiry } from './payment.inquiry.js';
import { PaymentRepository } from './payment.repository.js';
import type { PaymentRow } from './payment.table.js';
import { NOT_DUE, ReconciliationSchedule } from './reconciliation-schedule.js';
import { type Reconciler, ReconciliationWorker } from './reconciliation.worker.js';
import { ReconciliationRepository } from './reconciliation.repository.js';

/** What one question of reconciliation came to. */
export type Reconciled = 'settled' | 'still-open' | 'never-seen' | 'failed-to-ask' | 'parked' | 'deferred';

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
    const question = questionAbout(row, provider?.config.statusByShopTransactionId ?? false);
    if (!question) return this.#reschedule(row, token, 'parked', false);
    if (!provider) return this.#reschedule(row, token, 'failed-to-ask', true);
    const outcome = await this.inquiry.ask(provider, question, this.#context(row), {
      source: 'reconciliation',
      notify: 'on-change',
      cause: null,
    });
    return this.#act(row, token, question, outcome);
  }

  async #act(
    row: PaymentRow,
    token: string,
    question: StatusQuestion,
    outcome: ProviderOutcome<InquiryResult>,
  ): Promise<Reconciled> {
    switch (outcome.kind) {
      case 'completed': {
        const { status } = outcome.answer.status;
        return this.#reschedule(row, token, status === 'PENDING' ? 'still-open' : 'settled', true);
      }
      case 'rejected': {
        // A bare 404 may be a proxy's: only one with a JSON object is the external's own word.
        const said = outcome.reason === 'not-found' && outcome.explicit === true;
        const neverSeen = said && 'shopTransactionId' in question;
        return neverSeen ? this.#neverSeen(row, token) : this.#reschedule(row, token, 'failed-to-ask', true);
      }
      case 'not-executed':
        if (outcome.reason === 'concurrency-limit' || outcome.reason === 'throttled') {
          const waitMs = Math.max(outcome.retryAfterMs ?? 0, DEFERRAL_MS);
          await this.store.transaction((trx) =>
            this.due.defer(trx, row.id, token, this.clock.now() + waitMs),
          );
          return 'deferred';
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

  /** Certain only when said twice, both times later than the call could still have been under way (SPEC §4). */
  async #neverSeen(row: PaymentRow, token: string): Promise<Reconciled> {
    const now = this.clock.now();
    if (now <= row.deadline_at) return this.#reschedule(row, token, 'never-seen', true);
    if (row.never_seen_at === null) {
      await this.store.transaction((trx) => this.due.noteNeverSeen(trx, row.id, now));
      return this.#reschedule(row, token, 'never-seen', true);
    }
    await this.#fail(row, now);
    return 'settled';
  }

  /** It was never executed: FAILED, the receiver is told, and the operation's key may be used again. */
  async #fail(row: PaymentRow, now: number): Promise<void> {
    await this.store.transaction(async (trx) => {
      const failed = { state: 'FAILED', atMs: now, ...NOT_DUE } as const;
      if (!(await this.payments.advance(trx, row.id, [row.state], failed))) return;
      await this.events.append(trx, {
        external: row.external,
        payment_ref: row.id,
        at: now,
        source: 'reconciliation',
        before: row.state,
        after: 'FAILED',
        cause: 'The external has never seen it',
      });
      await this.operations.notExecuted(trx, row.id, now);
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
    });
    this.outbox.wake();
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
