import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { NotificationOutbox } from '../../src/notifications/notification.outbox.js';
import { Store } from '../../src/persistence/store.js';
import { StatusQueryRepository } from '../../src/operations/status-query.repository.js';
import { StatusQueryLog } from '../../src/operations/status-query.log.js';
import { type Answer, call } from '../support/client.js';
import { sqliteFile } from '../support/databases.js';
import { type Gateway, startGateway, variablesOf } from '../support/gateway.js';
import { answerJson, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

/** What names a person must go from every table (SPEC §10): it is planted in every text that others send. */
const MARKER = 'Jane-Doe-planted';
/** Beside its own reason, the audit keeps those of the acts before. */
const KEPT = ['audit_entries.reason'];

/**
 * Columns with texts that nobody outside chooses freely, or that the ledger needs. A new column with a text belongs
 * here, or to what `eraseTexts` empties and this test plants.
 */
const NO_FREE_TEXT =
  /^(id|.*_id|.*_ref|.*_key|external|caller|origin|state|currency|token|claimed_token|traceparent|operation|fingerprint|reason|method|source|before|after|receiver|event|result|reversal|interval_unit|shop_transaction_id_sent|subscription_token|lease_token|key|digest|requested_by|subject|action|operator|address|change|name|timestamp|until|file|sha256)$/;
const PLANTED = [
  'callbacks.body',
  'callbacks.last_error',
  'ledger_events.cause',
  'notification_attempts.answer',
  'notification_attempts.error',
  'notifications.payload',
  'operations.answer_body',
  'payments.checkout',
  'status_queries.detail',
];
/** Ids only: of callbacks, operations and requests. */
const OWN_IDS = ['status_queries.cause'];
const KEPT_TABLES = /^(settings|kysely_migration.*|tollgate_migration.*|sqlite_.*|hourly_totals)$/;

let external: StubExternal;
let receiver: TestReceiver;
let gateway: Gateway;
let store: Store;

beforeAll(async () => {
  [external, receiver] = await Promise.all([startStubExternal(), startReceiver()]);
  gateway = await startGateway({
    externals: [
      {
        externalService: 'acme',
        baseUrl: external.url,
        circuitBreaker: { failures: 1_000 },
        operations: { 'refund/status': true, cancel: true },
      },
      { externalService: 'beta', baseUrl: external.url },
    ],
    receivers: [
      {
        receiver: 'erp',
        url: receiver.url,
        secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
        events: ['payment', 'refund', 'subscription'],
      },
    ],
    env: { API_KEYS: 'boss:boss-secret-22:admin', API_AUTH: 'optional', NOTIFICATION_SCHEDULE: '1h,1h' },
  });
  store = gateway.app.get(Store);
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([external.close(), receiver.stop()]);
});

interface Column {
  readonly table: string;
  readonly column: string;
}

async function textColumns(): Promise<Column[]> {
  const { rows } =
    store.dialect === 'sqlite'
      ? await sql<Column>`select tables.name as "table", columns.name as "column" from sqlite_schema as tables,
          pragma_table_info(tables.name) as columns
          where tables.type = 'table' and lower(columns.type) = 'text'`.execute(store.kysely)
      : await sql<Column>`select table_name as "table", column_name as "column" from information_schema.columns
          where table_schema = current_schema() and data_type in ('text', 'character varying', 'json', 'jsonb')`.execute(
          store.kysely,
        );
  return rows;
}

/** The columns of all tables that hold `text` somewhere. */
async function holding(text: string): Promise<string[]> {
  const found: string[] = [];
  for (const { table, column } of await textColumns()) {
    const { rows } =
      await sql`select 1 from ${sql.table(table)} where ${sql.ref(column)} like ${`%${text}%`} limit 1`.execute(
        store.kysely,
      );
    if (rows.length > 0) found.push(`${table}.${column}`);
  }
  return found.toSorted();
}

const BOSS = { 'x-api-key': 'boss-secret-22' };
const admin = (path: string, body?: object): Promise<Answer> =>
  call(`${gateway.url}/admin/${path}`, body ? 'POST' : 'GET', body, BOSS);
const send = (path: string, body: object, key?: string): Promise<Answer> =>
  call(`${gateway.url}/v3/acme/${path}`, 'POST', body, key === undefined ? {} : { 'idempotency-key': key });
const metadata = { name: MARKER };
const order = 'erased-order';
const PAY = { amount: 700, currency: 'EUR', shopTransactionId: order };

async function oneItem(path: string): Promise<Record<string, unknown>> {
  const { body } = await admin(path);
  return (body['items'] as Record<string, unknown>[])[0]!;
}

/** Callbacks that the external was queried about, and that wait again. */
async function queriedCallbacks(): Promise<number> {
  const rows = await store.read((db) =>
    db
      .selectFrom('callbacks')
      .select('id')
      .where('attempts', '>', 0)
      .where('lease_token', 'is', null)
      .execute(),
  );
  return rows.length;
}

/** A payment with a refund and a subscription, with the marker in all that others send. */
async function plant(): Promise<void> {
  external.behave(({ url }) =>
    url.startsWith('/subscription')
      ? { result: 'OK', paymentId: 'pm-sub', subscriptionToken: 'tok', metadata, resultDescription: MARKER }
      : {
          result: 'REDIRECT_TO_URL',
          paymentId: 'pm-1',
          redirectToUrl: `https://pay.example/${MARKER}`,
          metadata,
        },
  );
  expect((await send('pay', PAY, 'key-pay')).status).toBe(200);
  const subscription = { ...PAY, subscriptionInfo: { interval: 'DAY', intervalCount: 1 } };
  expect(
    (await send('subscription/start', { ...subscription, shopTransactionId: 'sub-order' }, 'key-sub')).status,
  ).toBe(200);

  // Waiting notifications and answers of receivers with the marker; a broken connection names it too.
  receiver.answers((response) => response.writeHead(500).end(MARKER));
  external.behave(({ method }) =>
    method === 'GET'
      ? { status: 'ACCEPTED', paymentId: 'pm-1', metadata, action: { text: MARKER } }
      : { result: 'PENDING', refundId: 're-1', resultDescription: MARKER, metadata },
  );
  await call(`${gateway.url}/v3/acme/check?paymentId=pm-1`, 'GET');
  expect(
    (await send('refund', { amount: 100, currency: 'EUR', paymentId: 'pm-1' }, 'key-refund')).status,
  ).toBe(200);
  // A failed status query, and callbacks that stay unconfirmed.
  external.behave((_, response) => answerJson(response, 500, { detail: MARKER, message: MARKER }));
  await call(`${gateway.url}/v3/acme/check?paymentId=pm-1`, 'GET');
  for (const subject of [{ paymentId: 'pm-1' }, { refundId: 're-1' }, { subscriptionToken: 'tok' }])
    expect((await call(`${gateway.url}/v3/acme/callback`, 'POST', { ...subject, note: MARKER })).status).toBe(
      200,
    );
  const refund = await oneItem('refunds?limit=1');
  const resolved = await admin(`refunds/${String(refund['id'])}/resolve`, {
    status: 'OK',
    reason: `for ${MARKER}`,
  });
  expect(resolved.status).toBe(200);
  await until(async () => {
    await gateway.app.get(StatusQueryLog).flush();
    return (
      (await queriedCallbacks()) === 3 && (await holding(MARKER)).includes('notification_attempts.answer')
    );
  }, 'answers of receivers and callbacks');
  // What this version writes in words of its own, a later one may not.
  await store.transaction((trx) => trx.updateTable('callbacks').set({ last_error: MARKER }).execute());
  await store.transaction((trx) => trx.updateTable('notification_attempts').set({ error: MARKER }).execute());
  await store.transaction((trx) => trx.updateTable('payments').set({ checkout: MARKER }).execute());
  await store.transaction((trx) => trx.updateTable('status_queries').set({ detail: MARKER }).execute());
}

it('knows every column with a text: it is erased, or nobody chooses its words', async () => {
  const unknown = (await textColumns())
    .filter(({ table, column }) => !KEPT_TABLES.test(table) && !NO_FREE_TEXT.test(column))
    .map(({ table, column }) => `${table}.${column}`)
    .filter((column) => ![...PLANTED, ...KEPT, ...OWN_IDS].includes(column));
  expect(unknown).toEqual([]);
});

it('erases the texts of a payment, its refunds and a subscription from every table, and nothing else', async () => {
  await plant();
  const before = await holding(MARKER);
  expect(before).toEqual([...KEPT, ...PLANTED]);
  const payment = await oneItem(`payments?shopTransactionId=${order}`);
  const refund = await oneItem('refunds?limit=1');
  expect(payment['state']).toBe('ACCEPTED');

  const erased = await admin('erasures', { paymentId: 'pm-1', reason: 'ticket 1' });
  expect(erased.body).toMatchObject({ subjects: [payment['id'], refund['id']], rows: expect.any(Number) });
  expect(erased.body['rows']).toBeGreaterThan(5);
  const ofSubscription = await admin('erasures', {
    subscriptionToken: 'tok',
    external: 'acme',
    reason: 'ticket 1',
  });
  expect(ofSubscription.body['subjects']).toHaveLength(2);
  expect(await holding(MARKER)).toEqual(KEPT);

  // Money and ids are as they were.
  const same = [
    'id',
    'state',
    'amount',
    'currency',
    'paymentId',
    'refundedAmount',
    'version',
    'shopTransactionId',
  ];
  const after = await oneItem(`payments?shopTransactionId=${order}`);
  for (const name of same) expect([name, after[name]]).toEqual([name, payment[name]]);
  expect(await oneItem('refunds?limit=1')).toMatchObject({ state: 'OK', amount: 100 });
  const audit = await oneItem(`audit?subject=${String(payment['id'])}`);
  expect(audit).toMatchObject({
    action: 'eraseTexts',
    operator: 'boss',
    reason: 'ticket 1',
    external: 'acme',
  });

  // Done again: nothing is left to erase.
  const again = await admin('erasures', { shopTransactionId: order, reason: 'ticket 1' });
  expect(again).toMatchObject({ status: 200, body: { rows: 0, subjects: [payment['id'], refund['id']] } });
});

it('replays stored answers without texts, and sends waiting notifications without', async () => {
  external.requests.length = 0;
  const replayed = await send('pay', PAY, 'key-pay');
  expect(replayed.headers.get('idempotency-replayed')).toBe('true');
  expect(replayed.body).toEqual({ result: 'PENDING', paymentId: 'pm-1' });
  expect(external.requests).toEqual([]);
  receiver.answers(200);
  const sent = receiver.received.length;
  expect((await admin('notifications/replay', { state: 'DEAD' })).status).toBe(200);
  await store.transaction((trx) =>
    trx
      .updateTable('notifications')
      .set({ next_attempt_at: 1 })
      .where('next_attempt_at', 'is not', null)
      .execute(),
  );
  gateway.app.get(NotificationOutbox).wake();
  await until(() => receiver.received.length > sent, 'a notification');
  expect(JSON.parse(receiver.received.at(-1)!.body)).toMatchObject({
    status: 'ACCEPTED',
    version: expect.any(Number),
  });
  for (const { body } of receiver.received.slice(sent)) expect(body).not.toContain(MARKER);
});

it('stores no text of the external that arrives later', async () => {
  receiver.answers((response) => response.writeHead(500).end(MARKER));
  const sent = receiver.received.length;
  external.behave(({ method }) =>
    method === 'GET'
      ? { status: 'ACCEPTED', paymentId: 'pm-1', metadata, action: MARKER }
      : { result: 'OK', refundId: 're-2', resultDescription: MARKER, metadata },
  );
  expect((await call(`${gateway.url}/v3/acme/check?paymentId=pm-1`, 'GET')).body['metadata']).toEqual(
    metadata,
  );
  const refund = await send('refund', { amount: 50, currency: 'EUR', paymentId: 'pm-1' }, 'key-refund-2');
  expect(refund.body).toMatchObject({ result: 'OK', metadata });
  external.behave((_, response) => answerJson(response, 500, { detail: MARKER }));
  await call(`${gateway.url}/v3/acme/check?paymentId=pm-1`, 'GET');
  for (const subject of [{ paymentId: 'pm-1' }, { refundId: 're-2' }, { subscriptionToken: 'tok' }])
    expect((await call(`${gateway.url}/v3/acme/callback`, 'POST', { ...subject, note: MARKER })).status).toBe(
      200,
    );
  await until(() => receiver.received.length > sent, 'a notification');
  await until(async () => (await queriedCallbacks()) >= 4, 'queries about the callbacks');
  const [{ id } = { id: '' }] = await store.read((db) =>
    db.selectFrom('payments').select('id').where('payment_id', '=', 'pm-1').execute(),
  );
  const later = {
    subject_ref: id,
    source: 'check',
    cause: null,
    result: 'provider-error',
    detail: MARKER,
    first_at: 1,
    last_at: 1,
    times: 1,
  } as const;
  await store.transaction((trx) => gateway.app.get(StatusQueryRepository).add(trx, [later]));
  expect(await holding(MARKER)).toEqual(KEPT);
});

it('refuses what it cannot do: nothing named, an unknown id, several externals, an open outcome', async () => {
  expect((await admin('erasures', { reason: 'x' })).status).toBe(400);
  expect((await admin('erasures', { reason: 'x', paymentId: 'a', subscriptionToken: 'b' })).status).toBe(400);
  expect((await admin('erasures', { reason: 'x', paymentId: 'nobody' })).status).toBe(404);
  external.behave((_, response) => answerJson(response, 503, {}));
  expect((await send('pay', { ...PAY, shopTransactionId: 'open-order' })).status).toBe(502);
  const open = await admin('erasures', { reason: 'x', shopTransactionId: 'open-order' });
  expect([open.status, open.body['code']]).toEqual([409, 'conflict']);
  external.behave(() => ({ result: 'OK', paymentId: 'pm-twin' }));
  for (const name of ['acme', 'beta'])
    await call(`${gateway.url}/v3/${name}/pay`, 'POST', { ...PAY, shopTransactionId: `twin-${name}` });
  const twins = await admin('erasures', { reason: 'x', paymentId: 'pm-twin' });
  expect([twins.status, JSON.stringify(twins.body)]).toEqual([400, expect.stringContaining('acme, beta')]);
  expect((await admin('erasures', { reason: 'x', paymentId: 'pm-twin', external: 'beta' })).status).toBe(200);
});

it('leaves none of it in the files of SQLite, once the gateway has stopped', async () => {
  const place = await sqliteFile();
  const { path } = place.config as { path: string };
  const inFiles = (): boolean =>
    readdirSync(dirname(path)).some((file) => readFileSync(join(dirname(path), file)).includes(MARKER));
  const own = await startGateway({
    externals: [{ externalService: 'acme', baseUrl: external.url }],
    env: { API_KEYS: 'boss:boss-secret-22:admin', API_AUTH: 'optional' },
    database: variablesOf(place),
  });
  // Long texts are in pages of their own, which SQLite frees as a whole.
  external.behave(() => ({ result: 'OK', paymentId: 'pm-file', metadata: { name: MARKER.repeat(200) } }));
  expect((await call(`${own.url}/v3/acme/pay`, 'POST', PAY, { 'idempotency-key': 'key' })).status).toBe(200);
  expect(inFiles()).toBe(true);
  const erasure = { paymentId: 'pm-file', reason: 'ticket 1' };
  expect((await call(`${own.url}/admin/erasures`, 'POST', erasure, BOSS)).status).toBe(200);
  await own.close();
  expect(inFiles()).toBe(false);
  await place.dispose();
});
