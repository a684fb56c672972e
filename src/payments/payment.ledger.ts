import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Problem } from '../problems/problem.js';
import { LedgerEventRepository } from '../operations/ledger-event.repository.js';
import { OperationLedgers } from '../operations/operation-ledgers.js';
import type { OperationLedger } from '../operations/operation-request.js';
import type { OperationRow } from '../operations/operation.table.js';
import type { Trx } from '../persistence/store.js';
import type { PaymentResult } from '../providers/answers.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import { Clock } from '../shared/clock.js';
import { UnsolicitedPaymentLedger } from './unsolicited-payment.ledger.js';
import { isOpen, mayBecome, type PaymentState, stateOfResult } from './payment-state.js';
import { type DuplicatePayment, PaymentRepository } from './payment.repository.js';
import type { PaymentOrigin, PaymentRow } from './payment.table.js';
import { NOT_DUE, ReconciliationSchedule } from './reconciliation-schedule.js';

/** A payment that is about to be executed. */
export interface PaymentDraft {
  readonly origin: PaymentOrigin;
  readonly shopTransactionId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly subscriptionToken?: string;
  /** False where the external's configuration allows duplicates. */
  readonly guardDuplicates: boolean;
  /** Of the call: later, the external cannot be asked to execute it any more. */
  readonly deadlineAtMs: number;
}

/** What the answers of all operations that make a payment have in common. */
interface PaymentAnswer {
  readonly result: PaymentResult;
  readonly paymentId?: string;
  readonly subscriptionToken?: string;
}

/** Books of every operation that makes a payment: pay, pay-by-link, and those of subscriptions (SPEC §4). */
@Injectable()
export class PaymentLedger implements OperationLedger, OnModuleInit {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly events: LedgerEventRepository,
    private readonly learned: UnsolicitedPaymentLedger,
    private readonly schedule: ReconciliationSchedule,
    private readonly registry: ExternalProviderRegistry,
    private readonly ledgers: OperationLedgers,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.ledgers.register(['pay', 'pay-by-link', 'subscription/pay'], this);
  }

  /** Transaction A: the payment as CREATED, or the refusal of a duplicate (SPEC §3). */
  async open(trx: Trx, operation: OperationRow, draft: PaymentDraft): Promise<void> {
    const row: PaymentRow = {
      id: operation.payment_ref!,
      external: operation.external,
      caller: operation.caller,
      origin: draft.origin,
      payment_id: null,
      shop_transaction_id: draft.shopTransactionId,
      subscription_token: draft.subscriptionToken ?? null,
      amount_minor: draft.amountMinor,
      currency: draft.currency,
      state: 'CREATED',
      refunded_minor: 0,
      duplicate_guard: draft.guardDuplicates ? 1 : 0,
      version: 0,
      created_at: operation.created_at,
      updated_at: operation.created_at,
      deadline_at: draft.deadlineAtMs,
      next_ask_at: null,
      asks: 0,
      never_seen_at: null,
      parked_at: null,
      lease_token: null,
      lease_until: null,
      traceparent: operation.traceparent,
    };
    const find = () => this.payments.findDuplicate(trx, row.external, draft.shopTransactionId);
    // Looked for first, and in one go; the index of guards holds off what begins at the same moment.
    const [doubled, inserted] = await Promise.all([
      draft.guardDuplicates ? find() : undefined,
      this.payments.insertUnlessTaken(trx, row),
    ]);
    if (doubled || !inserted) throw duplicate(doubled ?? (await find()));
  }

  /** Transaction B. The first line is the way of nearly every payment; the rest is for whoever came second. */
  async settle(trx: Trx, operation: OperationRow, outcome: ProviderOutcome<object>): Promise<void> {
    const id = operation.payment_ref!;
    const answer = outcome.kind === 'completed' ? (outcome.answer as PaymentAnswer) : undefined;
    const state = stateAfter(operation, outcome.kind, answer);
    if (await this.#advance(trx, operation, 'CREATED', state, answer)) return;
    let row = await this.payments.lock(trx, id);
    if (!row) return;
    // A callback may have come before this answer, and found no payment to belong to.
    if (answer?.paymentId !== undefined && row.payment_id === null)
      row = await this.learned.absorb(trx, row, answer.paymentId);
    const own = answer && (await this.#withoutTakenId(trx, row, answer));
    if (mayBecome(row.state, state)) await this.#advance(trx, operation, row.state, state, own);
    else if (own) await this.payments.link(trx, row.id, own);
  }

  async sendAgain(trx: Trx, operation: OperationRow): Promise<void> {
    await this.payments.expectUntil(trx, operation.payment_ref!, operation.deadline_at);
  }

  async #advance(
    trx: Trx,
    operation: OperationRow,
    before: PaymentState,
    after: PaymentState,
    answer: PaymentAnswer | undefined,
  ): Promise<boolean> {
    const now = this.clock.now();
    const askable = answer?.paymentId !== undefined || this.#asksByShopTransactionId(operation.external);
    const next = isOpen(after) ? this.schedule.next(0, askable, now) : NOT_DUE;
    const advanced = await this.payments.advance(trx, operation.payment_ref!, [before], {
      state: after,
      paymentId: answer?.paymentId,
      subscriptionToken: answer?.subscriptionToken,
      atMs: now,
      ...next,
    });
    if (!advanced) return false;
    await this.events.append(trx, {
      external: operation.external,
      payment_ref: operation.payment_ref,
      at: now,
      source: 'call',
      before,
      after,
      cause: operation.id,
    });
    return true;
  }

  /** An external may give one `paymentId` to two operations; it stays with the row that has it. */
  async #withoutTakenId(trx: Trx, row: PaymentRow, answer: PaymentAnswer): Promise<PaymentAnswer> {
    const { paymentId, ...rest } = answer;
    if (paymentId === undefined || row.payment_id === paymentId) return rest;
    const holder = await this.payments.findByPaymentId(trx, row.external, paymentId);
    return holder ? rest : answer;
  }

  #asksByShopTransactionId(external: string): boolean {
    return this.registry.get(external)?.config.statusByShopTransactionId ?? false;
  }
}

function stateAfter(
  { operation }: OperationRow,
  kind: ProviderOutcome<never>['kind'],
  answer: PaymentAnswer | undefined,
): PaymentState {
  if (!answer) return kind === 'unknown' ? 'UNKNOWN' : 'FAILED';
  // A link that was made is not a payment yet: nobody has paid by it.
  return operation === 'pay-by-link' && answer.result === 'OK' ? 'PENDING' : stateOfResult(answer.result);
}

function duplicate(existing: DuplicatePayment | undefined): Problem {
  return new Problem('duplicate-payment', 'This shopTransactionId already has a payment at this external.', {
    outcome: 'not-executed',
    members: {
      ...(existing?.payment_id && { paymentId: existing.payment_id }),
      ...(existing && { paymentStatus: existing.state === 'CREATED' ? 'PENDING' : existing.state }),
    },
  });
}
