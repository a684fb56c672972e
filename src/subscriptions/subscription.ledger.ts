import { Injectable, type OnModuleInit } from '@nestjs/common';
import { LedgerEventRepository } from '../operations/ledger-event.repository.js';
import type { EventSource } from '../operations/ledger-event.table.js';
import { OperationLedgers } from '../operations/operation-ledgers.js';
import type { OperationLedger } from '../operations/operation-request.js';
import type { OperationRow } from '../operations/operation.table.js';
import { type NextQuery, NOT_DUE, ReconciliationSchedule } from '../operations/reconciliation-schedule.js';
import { PaymentLedger } from '../payments/payment.ledger.js';
import type { Trx } from '../persistence/store.js';
import type { PaymentResult, SubscriptionPayAnswer } from '../providers/answers.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import { Clock } from '../shared/clock.js';
import type { SubscriptionStartRequest } from './subscription-requests.js';
import { mayBecome, type SubscriptionState } from './subscription-state.js';
import { SubscriptionRepository } from './subscription.repository.js';
import type { SubscriptionRow } from './subscription.table.js';

const STATE_OF_RESULT: Readonly<Record<PaymentResult, SubscriptionState>> = {
  OK: 'ACTIVE',
  KO: 'FAILED',
  PENDING: 'PENDING',
  REDIRECT_TO_URL: 'PENDING',
};

/** Books of subscriptions. The payments that they make are the payment ledger's. */
@Injectable()
export class SubscriptionLedger implements OnModuleInit {
  constructor(
    private readonly subscriptions: SubscriptionRepository,
    private readonly payments: PaymentLedger,
    private readonly events: LedgerEventRepository,
    private readonly schedule: ReconciliationSchedule,
    private readonly ledgers: OperationLedgers,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    const starts: OperationLedger = {
      settle: (...settlement) => this.#settleStart(...settlement),
      sendAgain: (trx, operation) => this.payments.sendAgain(trx, operation),
    };
    const changes: OperationLedger = { settle: (...settlement) => this.#settleChange(...settlement) };
    this.ledgers.register(['subscription/schedule', 'subscription/start'], starts);
    this.ledgers.register(['subscription/update', 'subscription/expire'], changes);
  }

  /** Transaction A of schedule and start, beside the payment's row. */
  async open(trx: Trx, operation: OperationRow, request: SubscriptionStartRequest): Promise<void> {
    await this.subscriptions.insert(trx, {
      id: operation.subscription_ref!,
      external: operation.external,
      caller: operation.caller,
      token: null,
      shop_transaction_id: request.shopTransactionId,
      amount_minor: request.amount,
      currency: request.currency,
      interval_unit: request.subscriptionInfo.interval,
      interval_count: request.subscriptionInfo.intervalCount,
      expires_after: request.subscriptionInfo.expiresAfter ?? null,
      state: 'CREATED',
      created_at: operation.created_at,
      updated_at: operation.created_at,
      next_ask_at: null,
      asks: 0,
      parked_at: null,
      lease_token: null,
      lease_until: null,
    });
  }

  /** Moves a subscription by its state table; false when its state does not allow it. */
  async advance(
    trx: Trx,
    row: SubscriptionRow,
    state: SubscriptionState,
    by: { readonly source: EventSource; readonly cause: string | null; readonly token?: string | undefined },
    next: NextAsk = NOT_DUE,
  ): Promise<boolean> {
    if (!mayBecome(row.state, state)) return false;
    const atMs = this.clock.now();
    if (
      !(await this.subscriptions.advance(trx, row.id, row.state, { state, token: by.token, atMs, ...next }))
    ) {
      return false;
    }
    await this.events.append(trx, {
      external: row.external,
      subscription_ref: row.id,
      at: atMs,
      source: by.source,
      before: row.state,
      after: state,
      cause: by.cause,
    });
    return true;
  }

  async #settleStart(trx: Trx, operation: OperationRow, outcome: ProviderOutcome<object>): Promise<void> {
    await this.payments.settle(trx, operation, outcome);
    const row = await this.subscriptions.lock(trx, operation.subscription_ref!);
    if (!row) return;
    const by = { source: 'call', cause: operation.id } as const;
    if (outcome.kind === 'completed') {
      const { result, subscriptionToken } = outcome.answer as SubscriptionPayAnswer;
      const state = STATE_OF_RESULT[result];
      const next =
        state === 'PENDING'
          ? this.schedule.next(0, subscriptionToken !== undefined, this.clock.now())
          : NOT_DUE;
      await this.advance(
        trx,
        row,
        state,
        { ...by, token: await this.#freeToken(trx, row, subscriptionToken) },
        next,
      );
    } else if (outcome.kind === 'unknown') {
      // Without its token nobody can ask for it: an operator must look.
      await this.advance(trx, row, 'UNKNOWN', by, this.schedule.next(0, false, this.clock.now()));
    } else {
      await this.advance(trx, row, 'FAILED', by);
    }
  }

  async #settleChange(trx: Trx, operation: OperationRow, outcome: ProviderOutcome<object>): Promise<void> {
    if (operation.subscription_ref === null) return;
    const row = await this.subscriptions.lock(trx, operation.subscription_ref);
    if (!row) return;
    if (outcome.kind === 'unknown') {
      await this.subscriptions.askAt(trx, row.id, this.schedule.next(0, true, this.clock.now()));
      return;
    }
    if (operation.operation !== 'subscription/expire' || outcome.kind !== 'completed') return;
    const { result } = outcome.answer as { result: PaymentResult };
    if (result === 'OK') await this.advance(trx, row, 'EXPIRED', { source: 'call', cause: operation.id });
  }

  /** An external may give one token to two operations; it stays with the row that has it. */
  async #freeToken(trx: Trx, row: SubscriptionRow, token: string | undefined): Promise<string | undefined> {
    if (token === undefined) return undefined;
    return (await this.subscriptions.findByToken(trx, row.external, token)) ? undefined : token;
  }
}
