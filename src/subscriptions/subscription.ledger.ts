import { Injectable, Logger } from '@nestjs/common';
import { isNoticeDue, type NoticeWhen } from '../notifications/notice.js';
import { NotificationOutbox } from '../notifications/notification.outbox.js';
import { LedgerEventRepository } from '../operations/ledger-event.repository.js';
import type { EventSource, LedgerChange } from '../operations/ledger-event.table.js';
import { LedgerRestore, type Recovery } from '../operations/ledger.restore.js';
import { LedgerMetrics } from '../operations/ledger.metrics.js';
import { END_ALONE, type LedgerEndEntry, type LedgerEntry } from '../operations/operation.journal.js';
import type { LedgerRefs } from '../operations/operation.js';
import type { OperationRow } from '../operations/operation.table.js';
import { type NextQuery, NOT_DUE, ReconciliationSchedule } from '../operations/reconciliation-schedule.js';
import { Store, type Trx } from '../persistence/store.js';
import { Clock } from '../shared/clock.js';
import type { SubscriptionStartRequest } from './subscription-requests.js';
import { orderColumns, orderKey } from '../payments/order-key.js';
import type { JsonValue } from '../shared/json.js';
import {
  reportedSubscriptionStatus,
  subscriptionMayBecome,
  type SubscriptionState,
} from './subscription-state.js';
import type { SubscriptionStatus } from './subscription-status.js';
import {
  activeSubscriptionEnd,
  queriedSubscriptionEnd,
  subscriptionBegin,
  subscriptionStartEnd,
} from './subscription.journal.js';
import { SubscriptionRepository } from './subscription.repository.js';
import type { NewSubscription, SubscriptionRow } from './subscription.table.js';

export interface SubscriptionMove {
  readonly source: EventSource;
  /** The id of what caused it, or the operator's name and reason. */
  readonly cause: string | null;
  readonly token?: string | undefined;
  /** Default: none, the subscription is settled. */
  readonly next?: NextQuery;
  /** Queues a notification (SPEC §5). */
  readonly notify?: SubscriptionNotice;
}

export interface SubscriptionNotice {
  readonly when: NoticeWhen;
  /** Of the external's answer, passed on. */
  readonly metadata?: JsonValue | undefined;
  readonly requestId?: string | undefined;
  readonly traceparent?: string | undefined;
}

/** The only writer of subscriptions. Their payments are in the payment ledger. */
@Injectable()
export class SubscriptionLedger {
  readonly #logger = new Logger(SubscriptionLedger.name);

  constructor(
    private readonly store: Store,
    private readonly subscriptions: SubscriptionRepository,
    private readonly events: LedgerEventRepository,
    private readonly schedule: ReconciliationSchedule,
    private readonly clock: Clock,
    private readonly metrics: LedgerMetrics,
    private readonly outbox: NotificationOutbox,
    private readonly restore: LedgerRestore,
  ) {}

  /** {@link open} as an entry of the journal, with that of the payment. */
  openEntry(payment: LedgerEntry, operation: OperationRow, request: SubscriptionStartRequest): LedgerEntry {
    return subscriptionBegin(payment, createdRow(operation, request));
  }

  /** Transaction A of schedule and start, beside the payment's row. */
  async open(trx: Trx, operation: OperationRow, request: SubscriptionStartRequest): Promise<void> {
    await this.subscriptions.insert(trx, createdRow(operation, request));
  }

  /** Undefined if the gateway does not know it. */
  find(external: string, token: string): Promise<SubscriptionRow | undefined> {
    return this.store.read((db) => this.subscriptions.findByToken(db, external, token));
  }

  /** The row of the subscription with this token; none if the gateway does not know it. */
  async refsOf(external: string, token: string): Promise<LedgerRefs> {
    const row = await this.find(external, token);
    return row ? { subscriptionRef: row.id } : {};
  }

  /**
   * No status of a subscription says which changes of its terms were executed: only those since the restore are known.
   * @throws Problem `recovering` for one that was made before
   */
  async assertUnchanged(external: string, token: string, recovery: Recovery): Promise<void> {
    const row = await this.find(external, token);
    if (row && row.created_at >= recovery.startedAt) return;
    throw this.restore.refusal(
      external,
      recovery,
      'This subscription may have been changed since, which the gateway cannot know.',
    );
  }

  /**
   * Changes the state to `to` if the state table allows it, appends the event and queues the notification; false if
   * nothing changed.
   */
  async move(
    trx: Trx,
    row: SubscriptionRow,
    to: SubscriptionState,
    move: SubscriptionMove,
  ): Promise<boolean> {
    const changed = subscriptionMayBecome(row.state, to) && (await this.#advance(trx, row, to, move));
    const { notify, token } = move;
    if (notify && isNoticeDue(notify.when, changed ? row.version : undefined))
      await this.#notify(trx, { ...row, token: token ?? row.token, state: changed ? to : row.state }, notify);
    return changed;
  }

  /**
   * An operator corrects a resolution, which the external has not said (SPEC §4): the only change that the state table does
   * not decide. Returns false if another transaction was faster.
   */
  async correct(
    trx: Trx,
    row: SubscriptionRow,
    to: SubscriptionState,
    move: SubscriptionMove & { readonly notify: SubscriptionNotice },
  ): Promise<boolean> {
    if (!(await this.#advance(trx, row, to, move))) return false;
    await this.#notify(trx, { ...row, token: move.token ?? row.token, state: to }, move.notify);
    return true;
  }

  async #advance(
    trx: Trx,
    row: SubscriptionRow,
    to: SubscriptionState,
    { source, cause, token, next = NOT_DUE }: SubscriptionMove,
  ): Promise<boolean> {
    const atMs = this.clock.now();
    const change = { state: to, token, next, atMs };
    if (!(await this.subscriptions.advance(trx, row.id, row.state, change))) return false;
    await this.#append(
      trx,
      { external: row.external, subscription_ref: row.id },
      { source, cause, before: row.state, after: to, at: atMs },
    );
    return true;
  }

  /** An operator confirms the current state of a parked subscription, which is then no longer parked. */
  async confirm(trx: Trx, row: SubscriptionRow, cause: string): Promise<void> {
    await this.subscriptions.queryAt(trx, row.id, NOT_DUE);
    const { state } = row;
    await this.#append(
      trx,
      { external: row.external, subscription_ref: row.id },
      { source: 'operator', cause, before: state, after: state, at: this.clock.now() },
    );
  }

  /** {@link settle} of schedule and start as an entry of the journal, with that of the payment. */
  startEntry(
    payment: LedgerEndEntry,
    operation: OperationRow,
    to: SubscriptionState,
    token: string | undefined,
  ): LedgerEndEntry {
    const change = this.#changeOf(operation, 'CREATED', to);
    const next = this.#nextAfterCall(to, token);
    return {
      ...subscriptionStartEnd(
        payment,
        operation.external,
        operation.subscription_ref!,
        this.events.rowOf(change).id,
        { state: to, token, next, atMs: change.at },
      ),
      afterCommit: () => {
        payment.afterCommit?.();
        this.events.count(change);
      },
    };
  }

  /** {@link settle} for a subscription that is ACTIVE as an entry of the journal. */
  activeEntry(operation: OperationRow, to: SubscriptionState): LedgerEndEntry {
    if (operation.subscription_ref === null) return END_ALONE;
    const change = this.#changeOf(operation, 'ACTIVE', to);
    const next = this.#nextAfterCall(to, undefined);
    return {
      ...activeSubscriptionEnd(operation.subscription_ref, { state: to, next, atMs: change.at }),
      event: this.events.rowOf(change),
      afterCommit: () => this.events.count(change),
    };
  }

  #changeOf(
    { id: cause, external, subscription_ref }: OperationRow,
    before: SubscriptionState,
    after: SubscriptionState,
  ): LedgerChange {
    return { external, subscription_ref, at: this.clock.now(), source: 'call', before, after, cause };
  }

  /** The external needs the token for a query; without it an operator must settle the subscription. */
  #nextAfterCall(to: SubscriptionState, token: string | undefined): NextQuery {
    return to === 'PENDING' || to === 'UNKNOWN'
      ? this.schedule.next(0, token !== undefined, this.clock.now())
      : NOT_DUE;
  }

  /**
   * Transaction B: applies the answer of a call. Does nothing if the gateway does not know the subscription. A token
   * that an earlier subscription of the same order has is adopted (SPEC §4): the new one takes it from one that FAILED,
   * and is the same as one that did not.
   */
  async settle(trx: Trx, operation: OperationRow, to: SubscriptionState, token?: string): Promise<void> {
    const row = await this.#lock(trx, operation);
    if (!row) return;
    const next = this.#nextAfterCall(to, token);
    const move = { source: 'call', cause: operation.id, next, notify: { when: 'if-notified' } } as const;
    const holder = token === undefined ? undefined : await this.#otherHolder(trx, row, token);
    if (!holder) {
      await this.move(trx, row, to, { ...move, token });
    } else if (to === 'FAILED') {
      await this.move(trx, row, to, move);
    } else if (to === 'UNKNOWN') {
      // Only a valid answer says that both are one subscription; this one has no token to be queried by.
      await this.move(trx, row, to, { ...move, next: this.schedule.next(0, false, this.clock.now()) });
    } else if (holder.state === 'FAILED') {
      await this.subscriptions.releaseToken(trx, holder.id);
      await this.move(trx, row, to, { ...move, token });
    } else {
      await this.move(trx, holder, to, move);
      const cause = `${operation.id}: the same subscription as ${holder.id}`;
      await this.move(trx, row, 'FAILED', { source: 'call', cause });
    }
  }

  /**
   * True if the token that the external answered belongs to a subscription of another order: it stays there, and
   * becomes an item of attention.
   */
  async claimIfTaken(trx: Trx, operation: OperationRow, token: string | undefined): Promise<boolean> {
    if (token === undefined) return false;
    const row = await this.#lock(trx, operation);
    const holder = row && (await this.#otherHolder(trx, row, token));
    if (!row || !holder || orderKey(holder.shop_transaction_id) === orderKey(row.shop_transaction_id))
      return false;
    if (row.claimed_token === token) return true;
    await this.subscriptions.claim(trx, row.id, token);
    const { external } = row;
    this.store.afterCommit(trx, () => {
      this.metrics.countTakenId(external, 'subscriptionToken');
      this.#logger.error(
        { external, subscription: row.id, holder: holder.id },
        'The external answered with a subscriptionToken that belongs to another order',
      );
    });
    return true;
  }

  /** A change of unknown outcome: reconciliation queries the external about the subscription. */
  async queryAfterUnknown(trx: Trx, operation: OperationRow): Promise<void> {
    const row = await this.#lock(trx, operation);
    if (row) await this.subscriptions.queryAt(trx, row.id, this.schedule.next(0, true, this.clock.now()));
  }

  /** {@link queryAfterUnknown} as an entry of the journal. */
  queryEntry({ subscription_ref }: OperationRow): LedgerEndEntry {
    if (subscription_ref === null) return END_ALONE;
    return queriedSubscriptionEnd(subscription_ref, this.schedule.next(0, true, this.clock.now()));
  }

  /** Appends the outcome that an operator reports for an update or an expiry of unknown outcome to the history. */
  async noteResolution(
    trx: Trx,
    operation: OperationRow,
    outcome: 'executed' | 'not-executed',
    cause: string,
    atMs: number,
  ): Promise<void> {
    await this.#append(trx, operation, {
      source: 'operator',
      cause,
      before: operation.state,
      after: outcome,
      at: atMs,
    });
  }

  /** Nothing while the state is the ledger's own, or the external has not named the subscription. */
  async #notify(
    trx: Trx,
    { id, external, state, token }: SubscriptionRow,
    { metadata, requestId, traceparent }: SubscriptionNotice,
  ): Promise<void> {
    const status = reportedSubscriptionStatus(state);
    if (status === undefined || token === null) return;
    const payload: SubscriptionStatus = {
      status,
      subscriptionToken: token,
      providerName: external,
      ...(metadata !== undefined && { metadata }),
    };
    await this.outbox.enqueue(trx, {
      event: 'subscription',
      subjectRef: id,
      external,
      version: this.restore.versionOf(await this.subscriptions.nextVersion(trx, id)),
      payload,
      requestId,
      traceparent,
      atMs: this.clock.now(),
    });
  }

  async #append(
    trx: Trx,
    { external, subscription_ref }: Pick<OperationRow, 'external' | 'subscription_ref'>,
    change: Pick<LedgerChange, 'at' | 'source' | 'before' | 'after' | 'cause'>,
  ): Promise<void> {
    await this.events.append(trx, { external, subscription_ref, ...change });
  }

  async #lock(trx: Trx, { subscription_ref }: OperationRow): Promise<SubscriptionRow | undefined> {
    return subscription_ref === null ? undefined : this.subscriptions.lock(trx, subscription_ref);
  }

  async #otherHolder(trx: Trx, row: SubscriptionRow, token: string): Promise<SubscriptionRow | undefined> {
    const holder = await this.subscriptions.findByToken(trx, row.external, token);
    return holder?.id === row.id ? undefined : holder;
  }
}

/** The row of a subscription that is CREATED. */
function createdRow(operation: OperationRow, request: SubscriptionStartRequest): NewSubscription {
  const order = orderColumns(request.shopTransactionId);
  return {
    id: operation.subscription_ref!,
    external: operation.external,
    caller: operation.caller,
    token: null,
    shop_transaction_id: order.shop_transaction_id,
    shop_transaction_id_sent: order.shop_transaction_id_sent ?? null,
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
    claimed_token: null,
  };
}
