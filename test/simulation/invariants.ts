import { PAYMENT_CALLBACK } from '../../src/config/receiver-config.js';
import { type Audited, CANARY, type Violation } from './history.js';

interface PaymentRow {
  readonly id: string;
  readonly external: string;
  readonly payment_id: string | null;
  readonly shop_transaction_id: string;
  readonly state: string;
  readonly refunded_minor: number;
}

interface OperationRow {
  readonly id: string;
  readonly external: string;
  readonly idempotency_key: string;
  readonly state: string;
  readonly reason: string | null;
}

interface NotificationRow {
  readonly id: string;
  readonly payment_ref: string;
  readonly receiver: string;
  readonly state: string;
  readonly newest: number;
  readonly payload: string;
}

/** What must be true once all is quiet, by name. Each entry of a result says what is not. */
const INVARIANTS: Readonly<Record<string, (ledger: Ledger) => string[]>> = {
  'no key is executed twice': executedOnce,
  'no order is paid twice': paidOnce,
  'callers are told the truth': callersToldTheTruth,
  'what is recorded as not executed was not executed': notExecutedIsTrue,
  'everything has ended': everythingHasEnded,
  'the ledger is the book': ledgerIsTheBook,
  'the ledger has the refunds of the book': refundsAreTheBook,
  'the ledger has the subscriptions of the book': subscriptionsAreTheBook,
  'receivers get no older version after a newer one': receiversGetTheOrder,
  'receivers end with the newest truth': receiversHaveTheNewest,
};

interface Ledger extends Audited {
  readonly operations: readonly OperationRow[];
  readonly payments: readonly PaymentRow[];
  readonly paymentsOfOrder: ReadonlyMap<string, readonly PaymentRow[]>;
  readonly refunds: readonly { readonly id: string; readonly state: string }[];
  readonly subscriptions: readonly {
    readonly id: string;
    readonly external: string;
    readonly token: string | null;
    readonly state: string;
    readonly shop_transaction_id: string;
  }[];
  readonly notifications: readonly NotificationRow[];
}

export async function violationsOf(world: Audited): Promise<Violation[]> {
  const payments = await world.query<PaymentRow>('select * from payments');
  const ledger: Ledger = {
    books: world.books,
    told: world.told,
    received: world.received,
    misrecorded: world.misrecorded,
    query: (text) => world.query(text),
    operations: await world.query(
      'select id, external, idempotency_key, state, reason from operations order by id',
    ),
    payments,
    paymentsOfOrder: Map.groupBy(payments, (row) => `${row.external} ${row.shop_transaction_id}`),
    refunds: await world.query('select id, state from refunds'),
    subscriptions: await world.query(
      'select id, external, token, state, shop_transaction_id from subscriptions',
    ),
    notifications: await world.query(
      'select id, payment_ref, receiver, state, newest, payload from notifications',
    ),
  };
  const secrets = await nothingSecretIsStored(world);
  return [
    ...Object.entries(INVARIANTS).flatMap(([invariant, check]) =>
      check(ledger).map((detail) => ({ invariant, detail })),
    ),
    ...secrets.map((detail) => ({ invariant: 'nothing secret is stored', detail })),
  ];
}

function executedOnce({ books }: Ledger): string[] {
  return books.flatMap(({ name, executions }) =>
    [...executions].filter(([, times]) => times > 1).map(([key]) => `${name} executed ${key} twice`),
  );
}

function paidOnce({ books }: Ledger): string[] {
  return books.flatMap(({ name, payments }) => {
    const paid = [...payments.values()].filter(({ status }) => status !== 'FAILED');
    const orders = [...Map.groupBy(paid, ({ shopTransactionId }) => shopTransactionId)];
    return orders.filter(([, all]) => all.length > 1).map(([order]) => `${name}: ${order} is paid twice`);
  });
}

/** `not-executed` is a certainty, and an answer of `OK` or `KO` is what happened. */
function callersToldTheTruth({ told, books, misrecorded }: Ledger): string[] {
  return told.flatMap(({ external, key, path, order, answer }) => {
    const book = books.find(({ name }) => name === external)!;
    const executed = key === undefined ? book.ofOrder(order).length > 0 : book.executions.has(key);
    const said = `${external}: ${path} ${key ?? order}`;
    if (answer?.outcome === 'not-executed' && executed)
      return [`${said} was executed, and its caller was told not-executed (${answer.code})`];
    // These may be OK because a status query found the end that they were meant to bring about.
    const byStatus = path === 'cancel' || path.startsWith('subscription/expire');
    // Its key may have been released, by an operator whose record of a failure was not answered.
    const isBooked = key !== undefined && (book.paymentsByKey.has(key) || book.refundsByKey.has(key));
    if (answer?.result === 'OK' && !executed && !isBooked && !byStatus && !misrecorded.has(order))
      return [`${said} was not executed, and its caller was told OK`];
    const payment = key === undefined ? book.ofOrder(order).at(-1) : book.paymentsByKey.get(key);
    if (path !== 'pay' || !payment) return [];
    if (answer?.result === 'OK' && payment.status !== 'ACCEPTED')
      return [`${said} is ${payment.status}, and its caller was told OK`];
    return answer?.result === 'KO' && payment.status !== 'FAILED'
      ? [`${said} is ${payment.status}, and its caller was told KO`]
      : [];
  });
}

/** Of all attempts with a key the last decides: an earlier one that was not executed has released it. */
function notExecutedIsTrue({ operations, books }: Ledger): string[] {
  const last = new Map(operations.map((row) => [`${row.external} ${row.idempotency_key}`, row]));
  return [...last.values()].flatMap(({ id, external, idempotency_key, state, reason }) => {
    const { executions } = books.find(({ name }) => name === external)!;
    // An operator may record that what the external has declined was not executed.
    return state === 'not-executed' && reason !== 'operator' && executions.has(idempotency_key)
      ? [`${external}: ${id} (${reason}) was executed`]
      : [];
  });
}

/** What reconciliation cannot end, an operator has ended. */
function everythingHasEnded({ payments, refunds, subscriptions }: Ledger): string[] {
  return [
    ...payments.filter(({ state }) => state !== 'ACCEPTED' && state !== 'FAILED'),
    ...refunds.filter(({ state }) => state !== 'OK' && state !== 'KO'),
    ...subscriptions.filter(({ state }) => ['CREATED', 'PENDING', 'UNKNOWN'].includes(state)),
  ].map(({ id, state }) => `${id} is still ${state}`);
}

function ledgerIsTheBook({ books, paymentsOfOrder, payments: rows }: Ledger): string[] {
  const missing = books.flatMap(({ name, payments }) =>
    [...payments.values()].flatMap(({ paymentId, shopTransactionId, status }) => {
      const ofOrder = paymentsOfOrder.get(`${name} ${shopTransactionId}`) ?? [];
      const row = ofOrder.find(({ payment_id }) => payment_id === paymentId);
      if (row?.state === status || (!row && status === 'FAILED' && ofOrder.length > 0)) return [];
      const ledger = ofOrder.map(({ state, payment_id }) => `${state} ${payment_id ?? ''}`).join(', ');
      return [
        `${name}: ${paymentId} of ${shopTransactionId} is ${status}; the ledger has ${ledger || 'nothing'}`,
      ];
    }),
  );
  const invented = rows.filter(({ external, payment_id, state }) => {
    const book = books.find(({ name }) => name === external);
    return state === 'ACCEPTED' && book?.payments.get(payment_id ?? '')?.status !== 'ACCEPTED';
  });
  return [...missing, ...invented.map(({ id }) => `${id} is ACCEPTED, and the external has no such payment`)];
}

/** The external gives back no more than was paid, and the ledger counts the same refunds. */
function refundsAreTheBook({ books, paymentsOfOrder }: Ledger): string[] {
  return books.flatMap(({ name, payments, refunds }) =>
    [...Map.groupBy(refunds.values(), ({ paymentId }) => paymentId)].flatMap(([paymentId, all]) => {
      const given = all
        .filter(({ status }) => status !== 'FAILED')
        .reduce((sum, { amount }) => sum + amount, 0);
      const { amount, shopTransactionId } = payments.get(paymentId)!;
      const ofOrder = paymentsOfOrder.get(`${name} ${shopTransactionId}`) ?? [];
      const row = ofOrder.find((each) => each.payment_id === paymentId);
      if (given > amount) return [`${name}: ${paymentId} of ${amount} is refunded with ${given}`];
      return row?.refunded_minor === given
        ? []
        : [`${name}: ${paymentId} is refunded with ${given}; the ledger has ${row?.refunded_minor}`];
    }),
  );
}

function subscriptionsAreTheBook({ books, subscriptions: rows }: Ledger): string[] {
  return books.flatMap(({ name, subscriptions, paymentsByKey }) => {
    const own = rows.filter(({ external }) => external === name);
    const byToken = new Map(own.map(({ token, state }) => [token, state]));
    // The answer with the token was lost, and a query by the order found that the first payment has failed.
    const failedUnnamed = new Set(
      own
        .filter(({ state, token }) => state === 'FAILED' && token === null)
        .map((row) => row.shop_transaction_id),
    );
    const failed = (key: string) => {
      const payment = paymentsByKey.get(key);
      return payment?.status === 'FAILED' && failedUnnamed.has(payment.shopTransactionId);
    };
    return [...subscriptions.values()]
      .filter(({ token, status }) => byToken.get(token) !== status)
      .filter(({ token, status, key }) => byToken.has(token) || status !== 'CANCELED' || !failed(key))
      .map(({ token, status }) => `${name}: ${token} is ${status}; the ledger has ${byToken.get(token)}`);
  });
}

function receiversGetTheOrder({ received, notifications }: Ledger): string[] {
  const subjects = new Map(
    notifications.map(({ id, receiver, payment_ref }) => [id, `${receiver} ${payment_ref}`]),
  );
  const last = new Map<string, { readonly id: string; readonly version: number }>();
  return received.flatMap(({ id, version }) => {
    const subject = subjects.get(id)!;
    const before = last.get(subject);
    last.set(subject, { id, version });
    if (before && version < before.version) return [`${subject}: version ${version} after ${before.version}`];
    return before && version === before.version && id !== before.id
      ? [`${subject}: version ${version} under two ids`]
      : [];
  });
}

function receiversHaveTheNewest({ received, notifications, payments }: Ledger): string[] {
  const ids = new Set(received.map(({ id }) => id));
  const states = new Map(payments.map(({ id, state }) => [id, state]));
  return notifications
    .filter(({ newest }) => newest === 1)
    .flatMap(({ id, receiver, payment_ref, state, payload }) => {
      if (state !== 'DELIVERED' || !ids.has(id)) return [`${id} is ${state} and newest`];
      const { status } = JSON.parse(payload) as { status: string };
      const truth = states.get(payment_ref) ?? status;
      // The others may have been removed from the configuration for a while: what changed meanwhile is not for them.
      return status === truth || receiver !== PAYMENT_CALLBACK
        ? []
        : [`${id} said ${status} last; the payment is ${truth}`];
    });
}

async function nothingSecretIsStored(world: Audited): Promise<string[]> {
  const tables = await world.query<{ name: string }>(
    `select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const columns = await world.query<{ name: string }>(`select name from pragma_table_info('${name}')`);
    const anywhere = columns.map((column) => `"${column.name}" like '%${CANARY}%'`).join(' or ');
    const [row] = await world.query<{ found: number }>(
      `select exists (select 1 from "${name}" where ${anywhere}) as found`,
    );
    if (row!.found === 1) found.push(`${name} holds providerData`);
  }
  return found;
}
