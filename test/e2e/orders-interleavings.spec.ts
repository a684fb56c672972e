import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Store } from '../../src/persistence/store.js';
import { ReconciliationWorker } from '../../src/reconciliation/reconciliation.worker.js';
import { type Answer, AT_ONCE, call } from '../support/client.js';
import { postgresUrl } from '../support/databases.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import {
  type Arrived,
  type StubBehaviour,
  startStubExternal,
  type StubExternal,
} from '../support/stub-external.js';
import { TestClock } from '../support/test-clock.js';
import { until } from '../support/until.js';

/**
 * Every order of what can happen to an order whose payer starts twice: its first payment and the answer to that, a second
 * one, a cancellation, a callback, and a success of the first payment, also after its cancellation.
 */
const EVENTS = ['pay', 'paid', 'again', 'answered', 'cancel', 'canceled', 'success', 'callback'] as const;
type Event = (typeof EVENTS)[number];
/** The second never comes before the first. */
const BEFORE: readonly (readonly [Event, Event])[] = [
  ['pay', 'paid'],
  ['pay', 'again'],
  ['pay', 'success'],
  ['pay', 'callback'],
  ['again', 'answered'],
  ['paid', 'cancel'],
  ['cancel', 'canceled'],
];
const INTERLEAVINGS = interleavings([], EVENTS);
/** Each has at most two requests at once. */
const BATCH = AT_ONCE / 2;
const HOUR_MS = 3_600_000;
const ADMIN = { 'x-api-key': 'interleavings-admin-key-0123' };

function interleavings(before: readonly Event[], left: readonly Event[]): (readonly Event[])[] {
  if (left.length === 0) return [before];
  return left
    .filter((event) => BEFORE.every(([first, then]) => then !== event || before.includes(first)))
    .flatMap((event) =>
      interleavings(
        [...before, event],
        left.filter((each) => each !== event),
      ),
    );
}

type Operation = 'pay' | 'again' | 'cancel';

/** One order, at the external and at its callers. */
interface Order {
  readonly id: string;
  readonly events: readonly Event[];
  /** The answer to the cancellation is lost. */
  readonly loses: boolean;
  /** The payments at the external, by `paymentId`. */
  readonly payments: Map<string, 'PENDING' | 'ACCEPTED' | 'FAILED'>;
  /** How often each operation arrived at the external. */
  readonly arrivals: Map<Operation, number>;
  readonly answers: Map<Operation, Promise<Answer>>;
  /** Releases the answer of the external. */
  readonly held: Map<Operation, () => void>;
  wasCanceled: boolean;
}

let external: StubExternal;
let gateway: Gateway;
let replica: Gateway;
let sent = 0;
const clock = new TestClock();
const orders = new Map<string, Order>();

beforeAll(async () => {
  external = await startStubExternal(behave);
  gateway = await startReplica();
  // On PostgreSQL every second request reaches another replica.
  replica = postgresUrl() ? await startReplica(gateway.database) : gateway;
});
afterAll(async () => {
  if (replica !== gateway) await replica.app.close();
  await gateway.close();
  await external.close();
});

function startReplica(database?: Gateway['database']): Promise<Gateway> {
  return startGateway({
    clock,
    ...(database && { database }),
    env: {
      API_AUTH: 'optional',
      API_KEYS: `ops:${ADMIN['x-api-key']}:admin`,
    },
    externals: [
      {
        externalService: 'acme',
        baseUrl: external.url,
        timeoutMs: 60_000,
        operations: { cancel: true },
        circuitBreaker: { failures: 100_000 },
      },
    ],
  });
}

const firstOf = ({ id }: Order): string => `${id}-pay`;

/** Executes on arrival, and answers when the test says so. */
async function behave(arrived: Arrived, response: Parameters<StubBehaviour>[1]): Promise<object | undefined> {
  if (arrived.method === 'GET') {
    const paymentId = new URL(arrived.url, 'http://x').searchParams.get('paymentId')!;
    return { status: orders.get(paymentId.replace(/-\w+$/, ''))!.payments.get(paymentId) };
  }
  const key = /^(.*)-(\w+)$/.exec(arrived.headers['idempotency-key'] as string)!;
  const [order, operation] = [orders.get(key[1]!)!, key[2] as Operation];
  order.arrivals.set(operation, (order.arrivals.get(operation) ?? 0) + 1);
  const answer = execute(order, operation);
  const { promise, resolve } = Promise.withResolvers<void>();
  order.held.set(operation, resolve);
  await promise;
  if (operation !== 'cancel' || !order.loses) return answer;
  response.destroy();
  return undefined;
}

function execute(order: Order, operation: Operation): object {
  const { payments } = order;
  if (operation === 'cancel') {
    if (payments.get(firstOf(order)) === 'ACCEPTED') return { result: 'KO' };
    payments.set(firstOf(order), 'FAILED');
    order.wasCanceled = true;
    return { result: 'OK' };
  }
  const paymentId = `${order.id}-${operation}`;
  payments.set(paymentId, operation === 'pay' ? 'PENDING' : 'ACCEPTED');
  return operation === 'pay'
    ? { result: 'REDIRECT_TO_URL', paymentId, redirectToUrl: 'https://pay.example/r' }
    : { result: 'OK', paymentId };
}

function send(order: Order, operation: Operation): Promise<Answer> {
  const path = operation === 'cancel' ? 'cancel' : 'pay';
  const body =
    operation === 'cancel'
      ? { paymentId: firstOf(order) }
      : { amount: 100, currency: 'EUR', shopTransactionId: order.id };
  sent += 1;
  const { url } = sent % 2 === 0 ? replica : gateway;
  return call(`${url}/v3/acme/${path}`, 'POST', body, {
    'idempotency-key': `${order.id}-${operation}`,
  });
}

/** Resolves when the external has the request, or when the gateway has answered without it. */
async function start(order: Order, operation: Operation): Promise<void> {
  const answer = send(order, operation);
  order.answers.set(operation, answer);
  let isAnswered = false;
  void answer.then(() => {
    isAnswered = true;
  });
  while (!isAnswered && !order.held.has(operation)) await new Promise((resolve) => setImmediate(resolve));
}

async function release(order: Order, operation: Operation): Promise<void> {
  order.held.get(operation)?.();
  await order.answers.get(operation);
}

/** Where the payment does not exist at the external, nothing happens. */
async function callback(order: Order): Promise<void> {
  if (!order.payments.has(firstOf(order))) return;
  const answer = await call(`${gateway.url}/v3/acme/callback?paymentId=${firstOf(order)}`, 'GET');
  expect(answer.status).toBe(200);
}

async function happen(order: Order, event: Event): Promise<void> {
  switch (event) {
    case 'pay':
    case 'again':
    case 'cancel':
      return start(order, event);
    case 'paid':
      return release(order, 'pay');
    case 'answered':
      return release(order, 'again');
    case 'canceled':
      return release(order, 'cancel');
    case 'success':
      if (order.payments.has(firstOf(order))) order.payments.set(firstOf(order), 'ACCEPTED');
      return;
    case 'callback':
      return callback(order);
    default:
      return event satisfies never;
  }
}

/** The callbacks that have come are verified now. */
async function verify(): Promise<void> {
  const store = gateway.app.get(Store);
  clock.advance(1_000);
  store.wakeWorker('callbacks');
  await until(async () => {
    const { open } = await store.read((db) =>
      db
        .selectFrom('callbacks')
        .select(({ fn }) => fn.countAll<number>().as('open'))
        .where('finished_at', 'is', null)
        .executeTakeFirstOrThrow(),
    );
    return open === 0;
  }, 'the verification of all callbacks');
}

/** All orders take one step at a time, together. */
async function play(batch: readonly Order[]): Promise<void> {
  for (const step of EVENTS.keys()) {
    await Promise.all(batch.map((order) => happen(order, order.events[step]!)));
    if (batch.some(({ events }) => events[step] === 'callback')) await verify();
  }
  // Whatever became of a payment, its external says so in the end.
  await Promise.all(batch.map(callback));
  await verify();
  clock.advance(HOUR_MS);
  await gateway.app.get(ReconciliationWorker).reconcileDue();
  // Nothing is executed again for a key that was used.
  for (const operation of ['pay', 'again', 'cancel'] as const)
    await Promise.all(batch.map((order) => repeat(order, operation)));
}

async function repeat(order: Order, operation: Operation): Promise<void> {
  const { status } = await order.answers.get(operation)!;
  expect([200, 409, 502]).toContain(status);
  if (status === 200) expect((await send(order, operation)).status).toBe(200);
}

async function attention(): Promise<Map<string, string[]>> {
  const kinds = new Map<string, string[]>();
  let cursor: unknown = null;
  do {
    const query = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor as string)}`;
    const { body } = await call(`${gateway.url}/admin/attention?limit=200${query}`, 'GET', undefined, ADMIN);
    for (const { kind, shopTransactionId } of body['items'] as { kind: string; shopTransactionId: string }[])
      kinds.set(shopTransactionId, [...(kinds.get(shopTransactionId) ?? []), kind]);
    cursor = body['nextCursor'];
  } while (cursor !== null);
  return kinds;
}

describe('an order whose payer starts twice', () => {
  it(`is not paid twice without an item of attention, in ${2 * INTERLEAVINGS.length} interleavings`, async () => {
    for (const loses of [false, true])
      for (const [number, events] of INTERLEAVINGS.entries()) {
        const id = `${loses ? 'lost' : 'kept'}${number}`;
        orders.set(id, {
          id,
          events,
          loses,
          payments: new Map(),
          arrivals: new Map(),
          answers: new Map(),
          held: new Map(),
          wasCanceled: false,
        });
      }
    const all = [...orders.values()];
    for (let from = 0; from < all.length; from += BATCH) await play(all.slice(from, from + BATCH));

    const rows = await gateway.app
      .get(Store)
      .read((db) =>
        db.selectFrom('payments').select(['shop_transaction_id', 'payment_id', 'state']).execute(),
      );
    const ledger = Map.groupBy(rows, ({ shop_transaction_id }) => shop_transaction_id!);
    const items = await attention();
    const seen = { twice: 0, once: 0, canceled: 0, refused: 0 };
    for (const order of all) {
      const place = `${order.id}: ${order.events.join(' ')}`;
      expect([place, [...order.arrivals.values()].filter((count) => count > 1)]).toEqual([place, []]);
      const known = new Map(ledger.get(order.id)!.map((row) => [row.payment_id, row.state]));
      expect([place, known]).toEqual([place, order.payments]);
      const accepted = [...order.payments.values()].filter((status) => status === 'ACCEPTED').length;
      const isPaidAfterCancel = order.payments.get(firstOf(order)) === 'ACCEPTED' && order.wasCanceled;
      const expected =
        accepted > 1
          ? ['order-paid-twice']
          : isPaidAfterCancel && !order.loses
            ? ['canceled-payment-accepted']
            : [];
      expect([place, items.get(order.id) ?? []]).toEqual([place, expected]);
      seen[accepted > 1 ? 'twice' : 'once'] += 1;
      if (isPaidAfterCancel) seen.canceled += 1;
      if ((await order.answers.get('again')!).status === 409) seen.refused += 1;
    }
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
  }, 120_000);
});
