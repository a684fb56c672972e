import { beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { Store } from '../../src/persistence/store.js';
import {
  ADMIN,
  adminItems,
  byText,
  payment as body,
  paymentStates,
  post,
  told,
  useAcme,
  WATCHED,
} from '../support/acme.js';
import { type Answer, call } from '../support/client.js';
import { postgresUrl } from '../support/databases.js';
import { type Gateway } from '../support/gateway.js';
import { answerJson, type StubBehaviour } from '../support/stub-external.js';
import { until } from '../support/until.js';

const acme = useAcme();
let gateway: Gateway;

beforeEach(async () => {
  gateway = await acme.start({ env: WATCHED });
});

const send = (operation: string, request: object, headers?: Record<string, string>): Promise<Answer> =>
  post(gateway, operation, request, headers);
const admin = (path: string): Promise<Record<string, unknown>[]> => adminItems(gateway, path);
const states = (): Promise<unknown[]> => paymentStates(gateway);
const answer =
  (paymentId: string): StubBehaviour =>
  ({ method }) =>
    method === 'GET' ? { status: 'ACCEPTED' } : { result: 'OK', paymentId };

describe('a call that answers with another id than a callback that came first', () => {
  /** The external answers the payment `second`, after it has answered a query about `first`. */
  async function race(first: string, second: object): Promise<Answer> {
    const release = Promise.withResolvers<void>();
    acme.external.behave(async ({ method, url }) => {
      if (method === 'GET')
        return url.includes('p-first')
          ? { status: first, shopTransactionId: 'order' }
          : { status: 'PENDING', shopTransactionId: 'order' };
      await release.promise;
      return second;
    });
    const payment = send('pay', body('order'));
    await until(() => acme.external.requests.length === 1, 'the payment to arrive');
    await call(`${gateway.url}/v3/acme/check?paymentId=p-first`, 'GET');
    release.resolve();
    return payment;
  }

  it('keeps both; accepted both, they are an item of attention and refunds are limited', async () => {
    expect((await race('ACCEPTED', { result: 'OK', paymentId: 'p-second' })).body['paymentId']).toBe(
      'p-second',
    );
    expect((await states()).toSorted(byText)).toEqual([
      ['order', 'ACCEPTED', 'p-first'],
      ['order', 'ACCEPTED', 'p-second'],
    ]);
    expect(await admin('attention')).toMatchObject([
      { kind: 'order-paid-twice', shopTransactionId: 'order' },
    ]);
    acme.external.behave(() => ({ result: 'OK' }));
    const refund = (paymentId: string, amount: number): Promise<Answer> =>
      send('refund', { amount, currency: 'EUR', paymentId });
    expect((await refund('p-first', 1300)).status).toBe(422);
    expect((await refund('p-second', 1300)).status).toBe(422);
    expect((await refund('p-second', 1299)).status).toBe(200);
    expect(await admin('attention')).toEqual([]);
  });

  it.each([
    ['ACCEPTED', 'KO', [['order', 'ACCEPTED', 'p-first']]],
    ['PENDING', 'KO', [['order', 'PENDING', 'p-first']]],
    [
      'FAILED',
      'PENDING',
      [
        ['order', 'FAILED', 'p-first'],
        ['order', 'PENDING', 'p-second'],
      ],
    ],
    [
      'ACCEPTED',
      'PENDING',
      [
        ['order', 'ACCEPTED', 'p-first'],
        ['order', 'PENDING', 'p-second'],
      ],
    ],
    [
      'PENDING',
      'WEIRD',
      [
        ['order', 'PENDING', 'p-first'],
        ['order', 'PENDING', 'p-second'],
      ],
    ],
  ])('loses neither: %s by the callback, %s by the call', async (first, result, expected) => {
    await race(first, { result, paymentId: 'p-second' });
    const seen = async (): Promise<unknown[]> => (await states()).toSorted(byText);
    await until(async () => JSON.stringify(await seen()) === JSON.stringify(expected), 'both payments');
  });

  it('keeps both where a callback has named the second as well', async () => {
    const release = Promise.withResolvers<void>();
    acme.external.behave(async ({ method }) => {
      if (method === 'GET') return { status: 'ACCEPTED', shopTransactionId: 'order' };
      await release.promise;
      return { result: 'OK', paymentId: 'p-second' };
    });
    const payment = send('pay', body('order'));
    await until(() => acme.external.requests.length === 1, 'the payment to arrive');
    for (const id of ['p-first', 'p-second'])
      await call(`${gateway.url}/v3/acme/check?paymentId=${id}`, 'GET');
    release.resolve();
    expect((await payment).status).toBe(200);
    expect((await states()).toSorted(byText)).toEqual([
      ['order', 'ACCEPTED', 'p-first'],
      ['order', 'ACCEPTED', 'p-second'],
    ]);
    expect(await admin('attention')).toMatchObject([{ kind: 'order-paid-twice' }]);
  });
});

describe('a refund that is accepted before its payment has its id', () => {
  it.each([
    ['OK', 1299, 422],
    ['KO', 1299, 200],
    ['PENDING', 1000, 422],
    ['OK', 999, 200],
  ])('that is %s: another one of %i is answered %i', async (result, amount, status) => {
    const release = Promise.withResolvers<void>();
    acme.external.behave(async ({ url }) => {
      if (url !== '/pay') return { result };
      await release.promise;
      return { result: 'OK', paymentId: 'coming' };
    });
    const payment = send('pay', body('order'));
    await until(() => acme.external.requests.length === 1, 'the payment to arrive');
    const refund = (of: number): Promise<Answer> =>
      send('refund', { amount: of, currency: 'EUR', paymentId: 'coming' });
    expect((await refund(300)).body['result']).toBe(result);
    release.resolve();
    expect((await payment).status).toBe(200);
    const [row] = await admin('payments?shopTransactionId=order');
    expect(row!['refundedAmount']).toBe(result === 'KO' ? 0 : 300);
    acme.external.behave(() => ({ result: 'OK' }));
    expect((await refund(amount)).status).toBe(status);
  });

  it('and is in flight still when the id comes', async () => {
    const releases = new Map<string, (answered: object) => void>();
    acme.external.behave(({ url }) => new Promise((resolve) => void releases.set(url, resolve)));
    const payment = send('pay', body('order'));
    await until(() => releases.has('/pay'), 'the payment to arrive');
    const refund = send('refund', { amount: 300, currency: 'EUR', paymentId: 'coming' });
    await until(() => releases.has('/refund'), 'the refund to arrive');
    releases.get('/pay')!({ result: 'OK', paymentId: 'coming' });
    await payment;
    const refunded = async (): Promise<unknown> =>
      (await admin('payments?shopTransactionId=order'))[0]!['refundedAmount'];
    expect(await refunded()).toBe(300);
    releases.get('/refund')!({ result: 'KO' });
    await refund;
    expect(await refunded()).toBe(0);
  });

  it('is counted too where a callback brings the id', async () => {
    acme.external.behave((arrived, response) =>
      arrived.url === '/refund' ? { result: 'OK' } : answerJson(response, 500, {}),
    );
    await send('pay', body('order'));
    await send('refund', { amount: 300, currency: 'EUR', paymentId: 'coming' });
    acme.external.behave(({ method }) =>
      method === 'GET' ? { status: 'ACCEPTED', shopTransactionId: 'order' } : { result: 'OK' },
    );
    await call(`${gateway.url}/v3/acme/check?paymentId=coming`, 'GET');
    const refund = await send('refund', { amount: 1000, currency: 'EUR', paymentId: 'coming' });
    expect(told(refund)).toEqual([422, 'refund-exceeds-payment', 'not-executed']);
    const { rows } = await gateway.app.get(Store).read(async (db) => ({
      rows: await db.selectFrom('refunds').select(['reserved', 'payment_ref']).execute(),
    }));
    expect(rows).toEqual([{ reserved: 1, payment_ref: expect.stringMatching(/^pay_/) }]);
  });

  const onPostgres = postgresUrl() === undefined ? it.skip : it;
  onPostgres('and begins while that id is being committed, is checked against the payment', async () => {
    acme.external.behave(answer('other'));
    await send('pay', body('order'));
    const store = gateway.app.get(Store);
    const written = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const giving = store.transaction(async (trx) => {
      await trx.updateTable('payments').set({ payment_id: 'coming' }).execute();
      written.resolve();
      await release.promise;
    });
    await written.promise;
    let isAnswered = false;
    const refund = send('refund', { amount: 1300, currency: 'EUR', paymentId: 'coming' }).finally(() => {
      isAnswered = true;
    });
    const isWaiting = async (): Promise<boolean> => {
      const { rows } = await store.read((db) =>
        sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
          db,
        ),
      );
      return rows.length > 0;
    };
    await until(async () => isAnswered || (await isWaiting()), 'the refund to wait');
    release.resolve();
    await giving;
    expect(told(await refund)).toEqual([422, 'refund-exceeds-payment', 'not-executed']);
  });
});

describe('an id that a callback named while two payments of its order had none', () => {
  /** Two payments of unknown outcome, and the unsolicited `p-1` of their order. Returns their ids. */
  async function learned(): Promise<string[]> {
    gateway = await acme.start(
      { env: { ...WATCHED, RECONCILIATION_SCHEDULE: '1h' } },
      { duplicatePayments: 'allow' },
    );
    acme.external.behave((_, response) => answerJson(response, 500, {}));
    for (const key of ['first', 'second']) await send('pay', body('order'), { 'idempotency-key': key });
    acme.external.behave(() => ({ status: 'ACCEPTED', shopTransactionId: 'order' }));
    await call(`${gateway.url}/v3/acme/check?paymentId=p-1`, 'GET');
    const items = await admin('payments');
    return items.filter(({ state }) => state === 'UNKNOWN').map(({ id }) => String(id));
  }
  const resolve = (id: string, to: object): Promise<Answer> =>
    call(`${gateway.url}/admin/payments/${id}/resolve`, 'POST', { ...to, reason: 'their support' }, ADMIN);

  it('belongs to the one of which an operator says so', async () => {
    const [id] = await learned();
    expect(await resolve(id!, { status: 'ACCEPTED', paymentId: 'p-1' })).toMatchObject({
      status: 200,
      body: { id, state: 'ACCEPTED', paymentId: 'p-1' },
    });
    expect(await states()).toEqual([
      ['order', 'ACCEPTED', 'p-1'],
      ['order', 'UNKNOWN', undefined],
    ]);
    const refund = await send('refund', { amount: 1_300, currency: 'EUR', paymentId: 'p-1' });
    expect(told(refund)).toEqual([422, 'refund-exceeds-payment', 'not-executed']);
  });

  it('and is accepted, makes no payment FAILED', async () => {
    const [id] = await learned();
    const { status, body } = await resolve(id!, { status: 'FAILED', paymentId: 'p-1' });
    expect([status, body['detail']]).toEqual([409, 'The external answered ACCEPTED about this paymentId.']);
    expect((await states()).length).toBe(3);
  });
});
