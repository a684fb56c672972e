import type { Insertable } from 'kysely';
import type { NewCallback } from '../../src/callbacks/callback.table.js';
import type {
  NotificationAttemptTable,
  NotificationRow,
} from '../../src/notifications/notification.table.js';
import type { LedgerEventRow } from '../../src/operations/ledger-event.table.js';
import type { OperationRow } from '../../src/operations/operation.table.js';
import type { PaymentState } from '../../src/payments/payment-state.js';
import type { InsertedPayment } from '../../src/payments/payment.table.js';
import type { RefundTable } from '../../src/refunds/refund.table.js';
import type { DatabaseSchema } from '../../src/persistence/database.js';
import type { Store, Trx } from '../../src/persistence/store.js';
import { newIdentifier } from '../../src/shared/identifier.js';
import type { NewSubscription } from '../../src/subscriptions/subscription.table.js';

/** The rows of one batch, by table. */
interface Batch {
  readonly payments: InsertedPayment[];
  readonly operations: OperationRow[];
  readonly ledger_events: LedgerEventRow[];
  readonly refunds: Insertable<RefundTable>[];
  readonly subscriptions: NewSubscription[];
  readonly notifications: NotificationRow[];
  readonly notification_attempts: Insertable<NotificationAttemptTable>[];
  readonly callbacks: NewCallback[];
}

export interface FillOptions {
  readonly payments: number;
  /** The time of the last one; the others are a second apart. */
  readonly untilMs: number;
  /** Called after each transaction. */
  readonly onProgress?: (payments: number) => void;
}

const BATCH = 5_000;
const ROWS_PER_STATEMENT = 250;
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/**
 * Writes the rows of this number of payments: a share of each state, of refunds, subscriptions, callbacks and
 * notifications, at four externals, one of which is rare. The same numbers produce the same rows, except for random ids.
 */
export async function fillLedger(
  store: Store,
  { payments, untilMs, onProgress }: FillOptions,
): Promise<void> {
  for (let first = 0; first < payments; first += BATCH) {
    const batch = emptyBatch();
    const end = Math.min(payments, first + BATCH);
    for (let i = first; i < end; i += 1) addPayment(batch, i, untilMs - (payments - i) * 1_000);
    await store.transaction((trx) => insertBatch(trx, batch));
    onProgress?.(end);
  }
}

function emptyBatch(): Batch {
  return {
    payments: [],
    operations: [],
    ledger_events: [],
    refunds: [],
    subscriptions: [],
    notifications: [],
    notification_attempts: [],
    callbacks: [],
  };
}

async function insertBatch(trx: Trx, batch: Batch): Promise<void> {
  for (const [table, rows] of Object.entries(batch) as [keyof DatabaseSchema, object[]][]) {
    for (let i = 0; i < rows.length; i += ROWS_PER_STATEMENT) {
      await trx
        .insertInto(table)
        .values(rows.slice(i, i + ROWS_PER_STATEMENT))
        .execute();
    }
  }
}

export function externalOf(i: number): string {
  if (i % 1_000 === 7) return 'tiny';
  return i % 10 < 6 ? 'acme' : i % 10 < 9 ? 'beta' : 'gamma';
}

export function stateOf(i: number): PaymentState {
  const share = mixed(i) % 200;
  if (share < 1) return 'UNKNOWN';
  if (share < 3) return 'PENDING';
  return share < 15 ? 'FAILED' : 'ACCEPTED';
}

/** Neighbours get numbers far apart (Knuth's multiplicative hash), so that no two shares coincide. */
function mixed(i: number): number {
  return Math.imul(i + 1, 2_654_435_761) >>> 12;
}

function addPayment(batch: Batch, i: number, at: number): void {
  const external = externalOf(i);
  const state = stateOf(i);
  const open = state === 'UNKNOWN' || state === 'PENDING';
  const parked = open && mixed(i) % 2 === 0;
  const subscription = i % 50 === 3 ? addSubscription(batch, i, at, external) : null;
  const payment: InsertedPayment = {
    id: newIdentifier('pay', at),
    external,
    caller: 'shop',
    origin: subscription ? 'subscription' : 'pay',
    payment_id: state === 'UNKNOWN' ? null : paymentIdOf(i),
    shop_transaction_id: orderOf(i),
    subscription_token: subscription,
    amount_minor: amountOf(i),
    currency: i % 20 === 0 ? 'JPY' : 'EUR',
    state,
    refunded_minor: 0,
    duplicate_guard: state === 'FAILED' ? 0 : 1,
    version: 0,
    created_at: at,
    updated_at: at + 150,
    deadline_at: at + 15_000,
    next_ask_at: open && !parked ? at + 86_400_000 : null,
    asks: 0,
    never_seen_at: null,
    parked_at: parked ? at + 604_800_000 : null,
    lease_token: null,
    lease_until: null,
    traceparent: TRACEPARENT,
  };
  batch.payments.push(payment);
  const operation = addOperation(batch, payment, 'pay', at, { payment_ref: payment.id });
  addEvent(batch, {
    payment_ref: payment.id,
    at: at + 150,
    before: 'CREATED',
    after: state,
    cause: operation,
  });
  if (state === 'ACCEPTED' && i % 40 === 1) addRefund(batch, i, payment);
  if (payment.payment_id !== null && i % 10 === 2) addCallback(batch, i, payment);
  if (payment.payment_id !== null && i % 5 === 2) addNotification(batch, i, payment);
}

export function paymentIdOf(i: number): string {
  return `pm_${i.toString(36).padStart(8, '0')}`;
}

export function orderOf(i: number): string {
  return `order-${i}`;
}

export function tokenOf(i: number): string {
  return `tok_${i.toString(36)}`;
}

export function amountOf(i: number): number {
  return 100 + ((i * 7_919) % 100_000);
}

function addOperation(
  batch: Batch,
  payment: InsertedPayment,
  operation: OperationRow['operation'],
  at: number,
  refs: Partial<Pick<OperationRow, 'payment_ref' | 'refund_ref'>>,
): string {
  const unknown = operation === 'pay' && payment.state === 'UNKNOWN';
  const row: OperationRow = {
    id: newIdentifier('op', at),
    caller: 'shop',
    external: payment.external,
    operation,
    idempotency_key: newIdentifier('idk', at),
    key_held: unknown ? 1 : 0,
    fingerprint: 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA',
    repeat_held: 0,
    state: unknown ? 'unknown' : 'completed',
    reason: unknown ? 'timeout' : null,
    deadline_at: at + 15_000,
    created_at: at,
    finished_at: at + 150,
    expires_at: at + 86_400_000,
    answer_status: unknown ? 504 : 200,
    answer_body: unknown ? '{"code":"provider-timeout","outcome":"unknown"}' : null,
    payment_ref: null,
    refund_ref: null,
    subscription_ref: null,
    request_id: newIdentifier('req', at),
    traceparent: TRACEPARENT,
    ...refs,
  };
  batch.operations.push(row);
  return row.id;
}

function addEvent(
  batch: Batch,
  event: Pick<LedgerEventRow, 'at' | 'before' | 'after' | 'cause'> & Partial<LedgerEventRow>,
): void {
  batch.ledger_events.push({
    id: newIdentifier('evt', event.at),
    payment_ref: null,
    refund_ref: null,
    subscription_ref: null,
    source: 'call',
    ...event,
  });
}

function addRefund(batch: Batch, i: number, payment: InsertedPayment): void {
  const at = payment.created_at + 60_000;
  const state = i % 400 === 1 ? 'UNKNOWN' : 'OK';
  const refund: Insertable<RefundTable> = {
    lease_token: null,
    lease_until: null,
    id: newIdentifier('ref', at),
    payment_ref: payment.id,
    external: payment.external,
    caller: 'shop',
    payment_id: payment.payment_id!,
    amount_minor: 50,
    currency: payment.currency!,
    state,
    reserved: 1,
    created_at: at,
    updated_at: at + 150,
  };
  batch.refunds.push(refund);
  const operation = addOperation(batch, payment, 'refund', at, { refund_ref: refund.id });
  addEvent(batch, {
    payment_ref: payment.id,
    refund_ref: refund.id,
    at: at + 150,
    before: 'PENDING',
    after: state,
    cause: operation,
  });
}

function addSubscription(batch: Batch, i: number, at: number, external: string): string {
  const unknown = i % 1_000 === 3;
  const ended = i % 500 === 53;
  batch.subscriptions.push({
    id: newIdentifier('sub', at),
    external,
    caller: 'shop',
    token: unknown ? null : tokenOf(i),
    shop_transaction_id: orderOf(i),
    shop_transaction_id_sent: null,
    amount_minor: 999,
    currency: 'EUR',
    interval_unit: 'MONTH',
    interval_count: 1,
    expires_after: null,
    state: unknown ? 'UNKNOWN' : ended ? 'EXPIRED' : 'ACTIVE',
    created_at: at,
    updated_at: at,
    next_ask_at: null,
    asks: 0,
    parked_at: unknown ? at : null,
    lease_token: null,
    lease_until: null,
    claimed_token: null,
  });
  return tokenOf(i);
}

function addCallback(batch: Batch, i: number, payment: InsertedPayment): void {
  const at = payment.created_at + 5_000;
  batch.callbacks.push({
    id: newIdentifier('cbk', at),
    external: payment.external,
    payment_id: payment.payment_id!,
    refund_id: null,
    state: i % 1_000 === 12 ? 'UNCONFIRMED' : 'VERIFIED',
    method: 'POST',
    body: JSON.stringify({ paymentId: payment.payment_id, event: 'payment.settled' }),
    received_at: at,
    repeats: 0,
    last_received_at: at,
    again: 0,
    attempts: 1,
    next_attempt_at: null,
    lease_token: null,
    lease_until: null,
    finished_at: at + 80,
    shop_transaction_id: payment.shop_transaction_id,
    last_error: null,
    request_id: newIdentifier('req', at),
    traceparent: TRACEPARENT,
  });
}

function addNotification(batch: Batch, i: number, payment: InsertedPayment): void {
  const at = payment.created_at + 5_100;
  const dead = i % 1_000 === 17;
  const waiting = i % 1_000 === 27;
  const row: NotificationRow = {
    id: newIdentifier('ntf', at),
    payment_ref: payment.id,
    external: payment.external,
    receiver: 'payment-callback',
    event: 'payment',
    version: 1,
    payload: JSON.stringify({
      status: payment.state,
      paymentId: payment.payment_id,
      shopTransactionId: payment.shop_transaction_id,
      providerName: payment.external,
    }),
    state: dead ? 'DEAD' : waiting ? 'RETRY' : 'DELIVERED',
    newest: 1,
    attempts: 1,
    next_attempt_at: waiting ? at + 86_400_000_000 : null,
    lease_token: null,
    lease_until: null,
    request_id: newIdentifier('req', at),
    traceparent: TRACEPARENT,
    created_at: at,
    updated_at: at + 20,
    delivered_at: dead || waiting ? null : at + 20,
  };
  batch.notifications.push(row);
  batch.notification_attempts.push({
    id: newIdentifier('att', at),
    notification_ref: row.id,
    attempt: 1,
    at,
    status_code: dead || waiting ? 503 : 200,
    duration_ms: 12,
    error: null,
    answer: '',
  });
}
