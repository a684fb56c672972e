import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { PaymentRow } from '../../src/payments/payment.table.js';
import { Store } from '../../src/persistence/store.js';
import { newIdentifier } from '../../src/shared/identifier.js';
import { type Answer, call } from '../support/client.js';
import { type DatabasePlace, postgresSchema, postgresUrl, sqliteFile } from '../support/databases.js';
import { makeFirstRelease } from '../support/first-release.js';
import { type Gateway, startGateway, variablesOf } from '../support/gateway.js';
import { answerJson, answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

/** Orders that look the same are one order (SPEC §3, `duplicate-payment`); each text stays as it was sent. */

const ADMIN = { 'X-Api-Key': 'admin-secret-of-the-test' };

let external: StubExternal;
let receiver: TestReceiver;
let gateway: Gateway;

beforeAll(async () => {
  [external, receiver] = await Promise.all([startStubExternal(), startReceiver()]);
});
afterEach(() => {
  external.requests.length = 0;
  external.behave(answerOk);
});
afterAll(() => Promise.all([external.close(), receiver.stop()]));

const start = (database?: Readonly<Record<string, string>>): Promise<Gateway> =>
  startGateway({
    externals: [{ externalService: 'acme', baseUrl: external.url, statusByShopTransactionId: true }],
    env: {
      API_KEYS: `ops:${ADMIN['X-Api-Key']}:admin`,
      PAYMENT_CALLBACK_URL: receiver.url,
      RECONCILIATION_SCHEDULE: '50ms,50ms,50ms',
    },
    ...(database && { database }),
  });
const pay = (shopTransactionId: string): Promise<Answer> =>
  call(`${gateway.url}/v3/acme/pay`, 'POST', { amount: 1_299, currency: 'EUR', shopTransactionId });
const told = ({ status, body }: Answer): unknown[] => [status, body['code']];
const admin = async (path: string): Promise<Record<string, unknown>[]> =>
  (await call(`${gateway.url}/admin/${path}`, 'GET', undefined, ADMIN)).body['items'] as Record<
    string,
    unknown
  >[];
const rows = (): Promise<PaymentRow[]> =>
  gateway.app.get(Store).read((db) => db.selectFrom('payments').selectAll().orderBy('id').execute());

describe('a second payment of an order that looks the same', () => {
  beforeAll(async () => {
    gateway = await start();
  });
  afterAll(() => gateway.close());

  it.each([
    ['a trailing space', 'order-1', 'order-1 '],
    ['a leading no-break space', '\u00a0order-2', 'order-2'],
    ['the other normal form', 'Caf\u00e9-3', 'Cafe\u0301-3'],
    ['a Hangul filler', 'order\u3164-4', 'order-4'],
    ['a variation selector', 'order-5\ufe0f', 'order-5'],
    ['two of them', 'order-6 \u3164', ' order-6'],
  ])('is refused: %s', async (_what, first, second) => {
    expect((await pay(first)).status).toBe(200);
    expect(told(await pay(second))).toEqual([409, 'duplicate-payment']);
    const sent = external.requests.map(
      ({ body }) => (JSON.parse(body) as { shopTransactionId: string }).shopTransactionId,
    );
    expect(sent).toEqual([first]);
  });

  it('is refused at the same moment', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => pay(`same-moment${' '.repeat(i % 3)}${'\u3164'.repeat(i % 2)}`)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(external.requests).toHaveLength(1);
  });

  it('is another order in another case, or with another letter', async () => {
    for (const order of ['Case-1', 'case-1', 'case-1１', 'case 1'])
      expect((await pay(order)).status).toBe(200);
  });

  it('the text is queried, notified and shown as sent, and found by either', async () => {
    const sent = 'As sent\u3164 ';
    external.behave(({ method, url }, response) => {
      if (method === 'POST') return answerJson(response, 500, {});
      const asked = new URL(url, external.url).searchParams.get('shopTransactionId');
      return asked === sent
        ? { status: 'ACCEPTED', paymentId: 'pm-as-sent', shopTransactionId: sent }
        : answerJson(response, 404, {});
    });
    expect(told(await pay(sent))).toEqual([502, 'provider-error']);
    await until(() => receiver.received.some(({ body }) => body.includes('pm-as-sent')), 'the notification');
    const { body } = receiver.received.find((one) => one.body.includes('pm-as-sent'))!;
    expect(JSON.parse(body)).toMatchObject({ status: 'ACCEPTED', shopTransactionId: sent });
    for (const text of [sent, 'As sent']) {
      expect(await admin(`payments?shopTransactionId=${encodeURIComponent(text)}`)).toMatchObject([
        { shopTransactionId: sent, paymentId: 'pm-as-sent' },
      ]);
    }
  });

  it('a subscription is shown as sent, and found by either', async () => {
    const sent = '\u00a0Subscribe Cafe\u0301 ';
    const key = 'Subscribe Caf\u00e9';
    const info = { interval: 'DAY', intervalCount: 1 };
    const body = { amount: 1, currency: 'EUR', shopTransactionId: sent, subscriptionInfo: info };
    expect((await call(`${gateway.url}/v3/acme/subscription/start`, 'POST', body)).status).toBe(200);
    const found = async (text: string): Promise<unknown[]> =>
      (await admin(`subscriptions?shopTransactionId=${encodeURIComponent(text)}`)).map(
        (one) => one['shopTransactionId'],
      );
    for (const text of [sent, key, `${key}\u3164`]) expect(await found(text)).toEqual([sent]);
    // Of the first release, which stored what was sent.
    await gateway.app
      .get(Store)
      .transaction((trx) =>
        trx
          .updateTable('subscriptions')
          .set({ shop_transaction_id: sent, shop_transaction_id_sent: null })
          .where('shop_transaction_id', '=', key)
          .execute(),
      );
    expect(await found(sent)).toEqual([sent]);
  });
});

describe('a database of the first release', () => {
  let place: DatabasePlace;
  let made = 0;
  const payment = (shop_transaction_id: string, more: Partial<PaymentRow> = {}): Record<string, unknown> => {
    made += 1;
    return {
      id: newIdentifier('pay', 1_769_000_000_000 + made),
      external: 'acme',
      caller: '',
      origin: 'pay',
      payment_id: `pm-${made}`,
      shop_transaction_id,
      amount_minor: 1_299,
      currency: 'EUR',
      state: 'ACCEPTED',
      duplicate_guard: 1,
      created_at: 1_769_000_000_000,
      updated_at: 1_769_000_000_000,
      deadline_at: 1_769_000_010_000,
      ...more,
    };
  };

  beforeAll(async () => {
    place = await (postgresUrl() ? postgresSchema() : sqliteFile());
    await makeFirstRelease(place.config, [
      payment('old-1 '),
      payment('old-2\u3164', { state: 'PENDING' }),
      payment('Caf\u00e9'),
      payment('Cafe\u0301'),
      payment('old-3'),
      payment('old-3 ', { state: 'FAILED', duplicate_guard: 0 }),
      ...Array.from({ length: 1_100 }, (_, i) => payment(`filler-${i}`)),
      payment('last '),
    ]);
    gateway = await start(variablesOf(place));
    await until(async () => (await rows()).at(-1)!.shop_transaction_id === 'last', 'all to be examined');
  }, 60_000);
  afterAll(async () => {
    await gateway.close();
    await place.dispose();
  });

  it.each(['old-1', 'old-2', 'old-3', 'Caf\u00e9', 'Cafe\u0301 ', 'last', 'filler-7 '])(
    'has the order %j, and no second payment of it begins',
    async (order) => {
      external.behave(() => ({ status: 'PENDING' }));
      expect(told(await pay(order))).toEqual([409, 'duplicate-payment']);
    },
  );

  it('keeps each text as it was sent', async () => {
    const sent = (await admin('payments?shopTransactionId=Cafe%CC%81')).map(
      (one) => one['shopTransactionId'],
    );
    // Newest first.
    expect(sent).toEqual(['Cafe\u0301', 'Caf\u00e9']);
    expect((await rows()).filter((row) => row.shop_transaction_id_sent !== null)).toHaveLength(5);
  });

  it('shows two accepted payments of one order to an operator, and not the one that failed', async () => {
    const items = await admin('attention?kind=order-paid-twice');
    expect(items.map((item) => item['shopTransactionId'])).toEqual(['Cafe\u0301']);
  });

  it('is examined once: a restart finds nothing to do', async () => {
    const before = await rows();
    await gateway.close();
    gateway = await start(variablesOf(place));
    const setting = await gateway.app
      .get(Store)
      .read((db) =>
        db
          .selectFrom('settings')
          .select('value')
          .where('key', '=', 'order-keys-of-first-release')
          .executeTakeFirst(),
      );
    expect(setting).toEqual({ value: 'done' });
    expect(await rows()).toEqual(before);
  });
});
