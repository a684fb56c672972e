import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { VerificationWorker } from '../../src/callbacks/verification.worker.js';
import { StorageUnavailable, Store } from '../../src/persistence/store.js';
import { RefundReconciler } from '../../src/reconciliation/refund.reconciler.js';
import { ReconciliationWorker } from '../../src/reconciliation/reconciliation.worker.js';
import type { RefundRow } from '../../src/refunds/refund.table.js';
import { type Answer, call } from '../support/client.js';
import { postgresUrl } from '../support/databases.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import {
  answerJson,
  type Arrived,
  startStubExternal,
  type StubBehaviour,
  type StubExternal,
} from '../support/stub-external.js';
import { TestClock } from '../support/test-clock.js';
import { until } from '../support/until.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const TIMEOUT_MS = 1_000;
const MARGIN_MS = 5_000;
const TABLES = ['payments', 'refunds', 'operations', 'ledger_events', 'callbacks', 'notifications'] as const;

describe('refunds', () => {
  let external: StubExternal;
  let gateway: Gateway;
  let clock: TestClock;

  beforeAll(async () => {
    clock = new TestClock();
    external = await startStubExternal();
    const common = { baseUrl: external.url, timeoutMs: TIMEOUT_MS, callbackAllowedIps: ['127.0.0.0/8'] };
    const operations = { 'refund/status': true };
    gateway = await startGateway({
      clock,
      env: {
        WORKERS: 'off',
        PAYMENT_CALLBACK_URL: 'http://127.0.0.1:9/receiver',
        API_AUTH: 'optional',
        API_KEYS: 'boss:boss-secret-of-22-letters:admin',
      },
      receivers: [
        {
          receiver: 'erp',
          url: 'http://127.0.0.1:9/erp',
          secret: `whsec_${'A'.repeat(32)}`,
          events: ['refund'],
        },
      ],
      externals: [
        { ...common, externalService: 'acme', operations },
        { ...common, externalService: 'resent', operations, honoursIdempotencyKey: true },
        { ...common, externalService: 'mute' },
      ],
    });
  });
  beforeEach(async () => {
    external.requests.length = 0;
    await store().transaction(async (trx) => {
      for (const table of TABLES) await trx.deleteFrom(table).execute();
    });
  });
  afterAll(async () => {
    await gateway.close();
    await external.close();
  });

  const failing: StubBehaviour = (_, response) => answerJson(response, 500, {});
  const neverSeen: StubBehaviour = (_, response) => answerJson(response, 404, { detail: 'never seen' });
  const store = (): Store => gateway.app.get(Store);
  const at = (name: string, path: string): string => `${gateway.url}/v3/${name}/${path}`;
  const get = (name: string, query: string): Promise<Answer> =>
    call(at(name, `refund/status?${query}`), 'GET');

  async function paid(name = 'acme', amount = 100): Promise<void> {
    external.behave(() => ({ result: 'OK', paymentId: 'pm' }));
    await call(at(name, 'pay'), 'POST', { amount, currency: 'EUR', shopTransactionId: 'order' });
  }

  function refund(
    behaviour: StubBehaviour | object,
    { name = 'acme', amount = 60, key = 'k' } = {},
  ): Promise<Answer> {
    external.behave(typeof behaviour === 'function' ? (behaviour as StubBehaviour) : () => behaviour);
    // Ids are ordered by time.
    clock.advance(1);
    const body = { amount, currency: 'EUR', paymentId: 'pm' };
    return call(at(name, 'refund'), 'POST', body, key === '' ? {} : { 'idempotency-key': key });
  }

  const row = (): Promise<RefundRow> =>
    store().read((db) =>
      db.selectFrom('refunds').selectAll().orderBy('id', 'desc').limit(1).executeTakeFirstOrThrow(),
    );
  const admin = (path: string, body?: object, key?: string): Promise<Answer> =>
    call(`${gateway.url}/admin/${path}`, body === undefined ? 'GET' : 'POST', body, {
      'x-api-key': 'boss-secret-of-22-letters',
      ...(key !== undefined && { 'idempotency-key': key }),
    });
  const attention = async (): Promise<unknown[]> => (await admin('attention')).body['items'] as unknown[];
  const rest = (): Promise<number> =>
    store().read(async (db) => {
      const { amount_minor, refunded_minor } = await db
        .selectFrom('payments')
        .selectAll()
        .executeTakeFirstOrThrow();
      return amount_minor! - refunded_minor;
    });
  const asked = (): string[] => external.requests.map(({ url }) => url);

  async function after(waitMs: number, behaviour: StubBehaviour | object): Promise<RefundRow> {
    clock.advance(waitMs);
    external.behave(typeof behaviour === 'function' ? (behaviour as StubBehaviour) : () => behaviour);
    external.requests.length = 0;
    await gateway.app.get(ReconciliationWorker).reconcileDue();
    return row();
  }

  async function callback(query: string, behaviour: StubBehaviour | object, name = 'acme'): Promise<Answer> {
    external.behave(typeof behaviour === 'function' ? (behaviour as StubBehaviour) : () => behaviour);
    external.requests.length = 0;
    clock.advance(1);
    const receipt = await call(at(name, `callback?${query}`), 'GET');
    clock.advance(200);
    await verify();
    return receipt;
  }
  const verify = (): Promise<void> => gateway.app.get(VerificationWorker).verifyDue();

  describe('have a refundId', () => {
    it('of the external where it names one, else of the gateway; either is accepted', async () => {
      await paid();
      expect((await refund({ result: 'PENDING', refundId: 're_1', metadata: { a: 1 } })).body).toEqual({
        result: 'PENDING',
        refundId: 're_1',
        metadata: { a: 1 },
      });
      const { id } = await row();
      const status = {
        status: 'PENDING',
        refundId: 're_1',
        paymentId: 'pm',
        shopTransactionId: 'order',
        amount: 60,
        currency: 'EUR',
        providerName: 'acme',
      };
      external.behave(() => ({ status: 'PENDING' }));
      for (const refundId of ['re_1', id]) {
        expect((await get('acme', `refundId=${refundId}&paymentId=pm`)).body).toEqual(status);
      }
      expect(asked().slice(-2)).toEqual(
        Array.from({ length: 2 }, () => '/refund/status?paymentId=pm&refundId=re_1'),
      );
      const own = await refund({ result: 'KO' }, { key: 'k2', amount: 1 });
      expect(own.body).toEqual({ result: 'KO', refundId: (await row()).id });
    });

    it('that looks like a card number', async () => {
      await paid();
      const refundId = '4111111111111111';
      expect((await refund({ result: 'OK', refundId })).body).toEqual({ result: 'OK', refundId });
      external.behave(() => ({ status: 'ACCEPTED', refundId }));
      expect((await get('acme', `refundId=${refundId}`)).body).toMatchObject({
        status: 'ACCEPTED',
        refundId,
      });
    });

    it('that the problem of an unknown refund names, and that stays when the external names another', async () => {
      await paid();
      const { status, body } = await refund(failing);
      const { id } = await row();
      expect({ status, body }).toMatchObject({ status: 502, body: { outcome: 'unknown', refundId: id } });
      const answer = { status: 'ACCEPTED', refundId: 're_late', metadata: { by: 'bank' } };
      external.behave(() => answer);
      const reported = { refundId: id, status: 'ACCEPTED', metadata: { by: 'bank' } };
      expect((await get('acme', `refundId=${id}`)).body).toMatchObject(reported);
      expect((await get('acme', 'refundId=re_late')).body).toMatchObject(reported);
      const repeat = await refund(failing);
      expect([repeat.status, repeat.body]).toEqual([200, { result: 'OK', refundId: id }]);
    });

    it('that a repeat without a key named while the first was in flight', async () => {
      await paid();
      const arrived = Promise.withResolvers<void>();
      const release = Promise.withResolvers<void>();
      const first = refund(
        async () => {
          arrived.resolve();
          await release.promise;
          return { result: 'OK', refundId: 're_1' };
        },
        { key: '' },
      );
      await arrived.promise;
      const body = { amount: 60, currency: 'EUR', paymentId: 'pm' };
      const repeat = await call(at('acme', 'refund'), 'POST', body);
      expect(repeat.body).toMatchObject({ code: 'repeated-without-key', refundId: (await row()).id });
      release.resolve();
      expect((await first).body).toEqual({ result: 'OK', refundId: repeat.body['refundId'] });
    });

    it('that the problem of an outcome which could not be stored named', async () => {
      await paid();
      const transaction = store().transaction.bind(store());
      const append = store().append.bind(store());
      const { status, body } = await refund(() => {
        const down = (): Promise<never> => Promise.reject(new StorageUnavailable('down', 'not-committed'));
        Object.assign(store(), { transaction: down, append: down });
        return { result: 'OK', refundId: 're_1' };
      });
      Object.assign(store(), { transaction, append });
      const { id } = await row();
      expect([status, body]).toMatchObject([503, { code: 'storage-unavailable', refundId: id }]);
      await until(async () => (await row()).state === 'OK', 'the outcome');
      expect(await row()).toMatchObject({ refund_id: id, external_refund_id: 're_1' });
    });

    it('of their own where the external gives two refunds the same', async () => {
      await paid();
      await refund({ result: 'PENDING', refundId: 're_1' });
      const second = await refund({ result: 'PENDING', refundId: 're_1' }, { key: 'k2', amount: 1 });
      expect(second.body).toEqual({ result: 'PENDING', refundId: (await row()).id });
    });
  });

  describe('refund/status', () => {
    it('is answered by the ledger where the external does not offer it', async () => {
      await paid('mute');
      const { body } = await refund(failing, { name: 'mute' });
      external.requests.length = 0;
      const refundId = String(body['refundId']);
      expect((await get('mute', `refundId=${refundId}`)).body).toMatchObject({ status: 'PENDING', refundId });
      expect(asked()).toEqual([]);
      expect((await get('mute', 'refundId=other')).body['code']).toBe('refund-not-found');
    });

    it('is answered by the ledger where the external no longer knows the refund, which is parked', async () => {
      await paid();
      await refund({ result: 'PENDING', refundId: 're_1' });
      external.behave(neverSeen);
      expect((await get('acme', 'refundId=re_1')).body).toMatchObject({ status: 'PENDING' });
      expect(await row()).toMatchObject({ state: 'PENDING', parked_at: clock.now(), next_ask_at: null });
      expect(await rest()).toBe(40);
    });

    it('passes on a refund that only the external knows', async () => {
      const known = { status: 'ACCEPTED', paymentId: 'old', amount: 5, currency: 'EUR' };
      external.behave(() => known);
      const { body } = await get('acme', 'refundId=re_old');
      expect(body).toEqual({ ...known, refundId: 're_old', providerName: 'acme' });
      external.behave(() => ({ status: 'ACCEPTED' }));
      expect((await get('acme', 'refundId=re_old')).body['code']).toBe('invalid-provider-response');
    });

    it.each([
      ['nobody knows', 'refundId=never', 404, 'refund-not-found', undefined],
      ['is of another payment', 'refundId=re_1&paymentId=other', 404, 'refund-not-found', undefined],
      ['is not named', 'paymentId=pm', 400, 'validation-failed', 'is missing'],
    ])('is refused for a refund that %s', async (_, query, status, code, detail) => {
      await paid();
      await refund({ result: 'OK', refundId: 're_1' });
      external.behave(neverSeen);
      const answer = await get('acme', query);
      expect([answer.status, answer.body['code']]).toEqual([status, code]);
      if (detail) expect(answer.body['errors']).toEqual([{ pointer: '/query/refundId', detail }]);
    });

    it('is a problem if the external fails', async () => {
      await paid();
      await refund({ result: 'OK', refundId: 're_1' });
      external.behave(failing);
      const { status, body } = await get('acme', 'refundId=re_1');
      expect([status, body['code'], body['outcome']]).toEqual([502, 'provider-error', undefined]);
    });
  });

  describe('end by reconciliation', () => {
    it.each([
      ['ACCEPTED', 'OK', 40],
      ['FAILED', 'KO', 100],
    ])('as %s', async (status, state, left) => {
      await paid();
      await refund({ result: 'PENDING', refundId: 're_1' });
      expect(await after(MINUTE_MS - 1, { status })).toMatchObject({ state: 'PENDING', asks: 0 });
      expect(await after(1, { status, amount: 60, currency: 'EUR' })).toMatchObject({
        state,
        next_ask_at: null,
        parked_at: null,
        lease_token: null,
        version: 1,
      });
      expect(asked()).toEqual(['/refund/status?paymentId=pm&refundId=re_1']);
      expect(await rest()).toBe(left);
    });

    it('on the schedule, and are parked at its end', async () => {
      await paid();
      await refund({ result: 'PENDING', refundId: 're_1' });
      const waits: number[] = [];
      for (const minutes of [1, 2, 5]) {
        const { next_ask_at } = await after(minutes * MINUTE_MS, { status: 'PENDING' });
        waits.push((next_ask_at! - clock.now()) / MINUTE_MS);
      }
      expect(waits).toEqual([2, 5, 10]);
      for (let days = 0; days < 12; days += 1) await after(DAY_MS, failing);
      expect(await row()).toMatchObject({ state: 'PENDING', next_ask_at: null, parked_at: clock.now() });
      expect(await rest()).toBe(40);
    });

    it('are asked for by the key of the operation where the external named no id, and keep the one it names', async () => {
      await paid();
      await refund(failing);
      const found = await after(MINUTE_MS, { status: 'ACCEPTED', refundId: 're_1' });
      expect(asked()).toEqual(['/refund/status?paymentId=pm&idempotencyKey=k']);
      expect(found).toMatchObject({ state: 'OK', external_refund_id: 're_1', refund_id: found.id });
    });

    it('as KO only when the external has never seen it twice, both after the deadline', async () => {
      await paid();
      await refund(failing);
      const deadline = clock.now() + TIMEOUT_MS + MARGIN_MS;
      await store().transaction((trx) =>
        trx.updateTable('refunds').set({ next_ask_at: clock.now() }).executeTakeFirst(),
      );
      expect(await after(0, neverSeen)).toMatchObject({
        never_seen_at: null,
        asks: 0,
        next_ask_at: deadline + 1,
      });
      expect(await after(MINUTE_MS, neverSeen)).toMatchObject({
        state: 'UNKNOWN',
        never_seen_at: clock.now(),
      });
      expect(await after(2 * MINUTE_MS, neverSeen)).toMatchObject({ state: 'KO', reserved: 0 });
      expect(await rest()).toBe(100);
      const again = await refund({ result: 'OK', refundId: 're_1' });
      expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, null]);
    });

    it('never as KO by a "never seen" from before the operation was resent', async () => {
      await paid('resent');
      await refund(failing, { name: 'resent' });
      await after(MINUTE_MS, neverSeen);
      await refund(failing, { name: 'resent' });
      expect(await after(2 * MINUTE_MS, neverSeen)).toMatchObject({
        state: 'UNKNOWN',
        never_seen_at: clock.now(),
      });
    });

    it('never by a 404 about a refund that the external named: it is parked, and its amount kept', async () => {
      await paid();
      await refund({ result: 'PENDING', refundId: 're_1' });
      expect(await after(MINUTE_MS, neverSeen)).toMatchObject({
        state: 'PENDING',
        next_ask_at: null,
        parked_at: clock.now(),
        lease_token: null,
      });
      expect(await rest()).toBe(40);
      expect(await attention()).toMatchObject([
        {
          kind: 'refund-stuck',
          refundId: 're_1',
          shopTransactionId: 'order',
          payment: (await row()).payment_ref,
        },
      ]);
    });

    it('never by an answer about another refund', async () => {
      await paid();
      await refund({ result: 'OK', refundId: 're_1' }, { key: 'k1', amount: 1 });
      await refund(failing);
      for (const answer of [
        { status: 'FAILED', amount: 61 },
        { status: 'FAILED', currency: 'USD' },
        { status: 'FAILED', refundId: 're_1' },
        { status: 'FAILED', paymentId: 'other' },
      ]) {
        expect(await after(DAY_MS, answer)).toMatchObject({ state: 'UNKNOWN', external_refund_id: null });
      }
    });

    it('as the repeat of a refund of unknown outcome finds them', async () => {
      await paid();
      const { body } = await refund(failing);
      const repeat = await refund({ status: 'FAILED', refundId: 're_1' });
      expect(repeat.body).toEqual({ result: 'KO', refundId: body['refundId'] });
      expect(asked().at(-1)).toBe('/refund/status?paymentId=pm&idempotencyKey=k');
      expect(await row()).toMatchObject({ state: 'KO', external_refund_id: 're_1' });
    });

    it('stays for an operator where the external cannot be asked', async () => {
      await paid('mute');
      await refund({ result: 'PENDING' }, { name: 'mute' });
      expect(await after(DAY_MS, failing)).toMatchObject({ next_ask_at: null, parked_at: null, asks: 0 });
      expect(asked()).toEqual([]);
    });

    it('is over for a refund that a replica of the release before has settled', async () => {
      await paid();
      await refund({ result: 'PENDING', refundId: 're_1' });
      await store().transaction((trx) => trx.updateTable('refunds').set({ state: 'OK' }).executeTakeFirst());
      expect(await after(MINUTE_MS, { status: 'ACCEPTED' })).toMatchObject({
        state: 'OK',
        next_ask_at: null,
        lease_token: null,
      });
    });

    it('begins for refunds from before the external offered the query', async () => {
      await paid();
      await refund({ result: 'PENDING', refundId: 're_1' });
      await store().transaction((trx) =>
        trx.updateTable('refunds').set({ next_ask_at: null }).executeTakeFirst(),
      );
      const reconciler = gateway.app.get(RefundReconciler);
      await store().transaction((trx) => reconciler.scheduleForgotten(trx, 10));
      expect(await after(0, { status: 'ACCEPTED' })).toMatchObject({ state: 'OK' });
    });
  });

  describe('end by a callback', () => {
    it.each([
      ['names the refund', 'refundId=re_1', ['/refund/status?paymentId=pm&refundId=re_1']],
      [
        'names both',
        'refundId=re_1&paymentId=pm',
        ['/refund/status?paymentId=pm&refundId=re_1', '/status?paymentId=pm'],
      ],
      [
        'names the payment alone',
        'paymentId=pm',
        ['/refund/status?paymentId=pm&refundId=re_1', '/status?paymentId=pm'],
      ],
    ])('that %s', async (_, query, urls) => {
      await paid();
      await refund({ result: 'PENDING', refundId: 're_1' });
      const receipt = await callback(query, { status: 'ACCEPTED' });
      expect(receipt.body).toEqual({ received: true, ...Object.fromEntries(new URLSearchParams(query)) });
      expect([...new Set(asked())].toSorted()).toEqual(urls);
      expect(await row()).toMatchObject({ state: 'OK', next_ask_at: null });
      const events = await store().read((db) =>
        db
          .selectFrom('ledger_events')
          .select(['source', 'before', 'after'])
          .where('refund_ref', 'is not', null)
          .execute(),
      );
      expect(events).toEqual([{ source: 'callback', before: 'PENDING', after: 'OK' }]);
    });

    it('in any state only if it names the refund', async () => {
      await paid();
      await refund({ result: 'OK', refundId: 're_1' });
      const sentBack: StubBehaviour = ({ url }) => ({
        status: url.startsWith('/refund') ? 'FAILED' : 'ACCEPTED',
      });
      await callback('paymentId=pm', sentBack);
      expect(asked()).toEqual(['/status?paymentId=pm']);
      await callback('refundId=re_1', sentBack);
      expect(await row()).toMatchObject({ state: 'KO', reversal: 'sent-back', reserved: 0 });
      expect(await rest()).toBe(100);
    });

    it('that comes before the answer of the call', async () => {
      await paid();
      const early: StubBehaviour = async ({ method }) => {
        if (method === 'GET') return { status: 'ACCEPTED', refundId: 're_1' };
        await call(at('acme', 'callback?refundId=re_1'), 'GET');
        return { result: 'PENDING', refundId: 're_1' };
      };
      await refund(early);
      clock.advance(200);
      await verify();
      expect(await row()).toMatchObject({ state: 'OK' });
    });

    it('not if the gateway does not know the refund, and an operator sees that', async () => {
      await callback('refundId=re_elsewhere', { status: 'ACCEPTED' }, 'mute');
      const { callbacks } = await store().read(async (db) => ({
        callbacks: await db.selectFrom('callbacks').selectAll().execute(),
      }));
      expect(callbacks).toMatchObject([
        { state: 'PENDING', refund_id: 're_elsewhere', last_error: 'the gateway does not know this refund' },
      ]);
      expect(asked()).toEqual([]);
    });

    it('not where the external offers no query: the refund beside the payment is ignored', async () => {
      await paid('mute');
      await refund({ result: 'PENDING', refundId: 're_1' }, { name: 'mute' });
      await callback('paymentId=pm&refundId=re_1', { status: 'ACCEPTED' }, 'mute');
      expect(asked()).toEqual(['/status?paymentId=pm']);
      await callback('refundId=re_1', { status: 'ACCEPTED' }, 'mute');
      expect(asked()).toEqual([]);
      const states = await store().read((db) =>
        db.selectFrom('callbacks').select(['state', 'refund_id']).orderBy('id').execute(),
      );
      expect(states).toEqual([
        { state: 'VERIFIED', refund_id: null },
        { state: 'UNCONFIRMED', refund_id: 're_1' },
      ]);
    });
  });

  it('never go from OK to KO by an answer to a query that was sent before the OK was stored', async () => {
    await paid();
    await refund({ result: 'PENDING', refundId: 're_1' });
    clock.advance(MINUTE_MS);
    const stale: StubBehaviour = async () => {
      clock.advance(1);
      external.behave(() => ({ status: 'ACCEPTED' }));
      await get('acme', 'refundId=re_1');
      return { status: 'FAILED' };
    };
    expect(await after(0, stale)).toMatchObject({ state: 'OK', reversal: null });
    expect(await rest()).toBe(40);
  });

  it('stay PENDING for a day, then are OK, then sent back: story, notifications and rest', async () => {
    await paid();
    await refund({ result: 'PENDING', refundId: 're_1' });
    const { id } = await row();
    const notified = (): Promise<unknown[]> =>
      store().read(async (db) => {
        const rows = await db
          .selectFrom('notifications')
          .select(['receiver', 'event', 'version', 'payload'])
          .where('event', '=', 'refund')
          .orderBy('id')
          .execute();
        return rows.map(({ payload, ...each }) => [each, (JSON.parse(payload) as { status: string }).status]);
      });
    const erp = (version: number): object => ({ receiver: 'erp', event: 'refund', version });
    for (let hours = 0; hours < 24; hours += 1) await after(60 * MINUTE_MS, { status: 'PENDING' });
    expect(await row()).toMatchObject({ state: 'PENDING', parked_at: null });
    expect([await rest(), await notified()]).toEqual([40, []]);

    await after(DAY_MS, { status: 'ACCEPTED' });
    expect(await row()).toMatchObject({ state: 'OK', reversal: null });
    expect([await rest(), await notified()]).toEqual([40, [[erp(1), 'ACCEPTED']]]);

    await callback('refundId=re_1', ({ url }: Arrived) => ({
      status: url.startsWith('/refund') ? 'FAILED' : 'ACCEPTED',
    }));
    expect(await row()).toMatchObject({ state: 'KO', reversal: 'sent-back' });
    expect([await rest(), await notified()]).toEqual([
      100,
      [
        [erp(1), 'ACCEPTED'],
        [erp(2), 'FAILED'],
      ],
    ]);
    expect(await attention()).toMatchObject([
      {
        kind: 'refund-reversed',
        id,
        state: 'KO',
        paymentId: 'pm',
        refundId: 're_1',
        externalRefundId: 're_1',
        amount: 60,
        detail: 'It was OK, and its amount can be refunded again',
      },
    ]);
    const payment = await admin(`payments/${(await row()).payment_ref}`);
    const story = payment.body['story'] as { what: string; id: string; text: string }[];
    expect(
      story.filter((entry) => entry.what.startsWith('refund')).map(({ what, text }) => [what, text]),
    ).toEqual([
      ['refund-reserved', '60 EUR (minor units) by a caller without credentials'],
      [
        'refund-queried',
        expect.stringMatching(/^by reconciliation: the external answered PENDING 8 times, last at /),
      ],
      ['refund-queried', expect.stringMatching(/^by reconciliation: the external answered ACCEPTED at /)],
      ['refund-changed', 'PENDING → OK, by reconciliation'],
      ['refund-queried', expect.stringMatching(/^by callback: the external answered FAILED at /)],
      ['refund-changed', expect.stringMatching(/^OK → KO, by callback \(cbk_/)],
    ]);
    expect(story.map(({ what }) => what).slice(-5)).toEqual([
      'callback-received',
      'refund-queried',
      'refund-changed',
      'callback-ended',
      'notification-queued',
    ]);
    const resolution = { status: 'KO', reason: 'The shop knows' };
    expect((await admin(`refunds/${id}/resolve`, resolution)).status).toBe(200);
    expect(await attention()).toEqual([]);
    expect((await refund({ result: 'OK' }, { key: 'again', amount: 100 })).status).toBe(200);
  });

  describe('by operators', () => {
    const ordered = async (body: object, key?: string): Promise<Answer> => {
      const { id } = await store().read((db) =>
        db.selectFrom('payments').selectAll().executeTakeFirstOrThrow(),
      );
      clock.advance(1);
      return admin(`payments/${id}/refund`, body, key);
    };

    it('are whole or in part, by the same execution, with key and reason, in the audit', async () => {
      await paid();
      external.behave(() => ({ result: 'OK', refundId: 're_1' }));
      const part = { amount: 30, reason: 'One of two was broken' };
      const { status, body } = await ordered(part, 'op-1');
      expect({ status, body }).toEqual({ status: 200, body: { result: 'OK', refundId: 're_1' } });
      expect(JSON.parse(external.requests.at(-1)!.body)).toEqual({
        amount: 30,
        currency: 'EUR',
        paymentId: 'pm',
      });
      expect(external.requests.at(-1)!.headers['idempotency-key']).toBe('op-1');
      external.behave(() => ({ result: 'OK', refundId: 're_2' }));
      const whole = { reason: 'Paid twice' };
      expect((await ordered(whole, 'op-2')).body).toEqual({ result: 'OK', refundId: 're_2' });
      expect(JSON.parse(external.requests.at(-1)!.body)).toMatchObject({ amount: 70 });
      const sent = external.requests.length;
      const repeat = await ordered(whole, 'op-2');
      expect([repeat.body['refundId'], repeat.headers.get('idempotency-replayed')]).toEqual(['re_2', 'true']);
      expect((await ordered({ reason: 'Once more' }, 'op-3')).body['code']).toBe('refund-exceeds-payment');
      expect((await ordered({ amount: 1, reason: 'Paid twice' }, 'op-2')).body['code']).toBe(
        'idempotency-key-reused',
      );
      expect(external.requests).toHaveLength(sent);
      expect(await rest()).toBe(0);
      const refunded = await row();
      expect(refunded).toMatchObject({ origin: 'operator', caller: 'boss', version: 1 });
      const { items } = (await admin(`audit?subject=${refunded.payment_ref}`)).body as { items: object[] };
      const by = { operator: 'boss', action: 'refundPaymentById' };
      expect(items).toMatchObject([
        { ...by, reason: 'Paid twice', result: 'failed', change: 'idempotency-key-reused' },
        { ...by, reason: 'Once more', result: 'failed', change: 'refund-exceeds-payment' },
        { ...by, reason: 'Paid twice', result: 'done', change: 'OK (repeated request)' },
        { ...by, reason: 'Paid twice', result: 'done', change: 'OK' },
        {
          ...by,
          reason: 'Paid twice',
          result: 'begun',
          change: `${refunded.id}: 70 EUR (minor units)`,
        },
        { ...by, reason: 'One of two was broken', result: 'done', change: 'OK' },
        { ...by, reason: 'One of two was broken', result: 'begun' },
      ]);
    });

    it('are refused if other refunds were made since the operator looked', async () => {
      await paid();
      const seen = { expectedRefundedAmount: 0, reason: 'x' };
      // Both have seen the same; each is within the payment, and both together are too.
      external.behave(() => ({ result: 'OK' }));
      const both = await Promise.all([
        ordered({ ...seen, amount: 30 }, 'op-1'),
        ordered({ ...seen, amount: 40 }, 'op-2'),
      ]);
      const [first, second] = both.toSorted((a, b) => a.status - b.status);
      expect([first!.status, second!.status, second!.body['code'], second!.body['outcome']]).toEqual([
        200,
        409,
        'conflict',
        'not-executed',
      ]);
      const taken = 100 - (await rest());
      expect([30, 40]).toContain(taken);
      expect(second!.body['detail']).toBe(
        `Refunds take ${taken} (minor units) of the payment by now, not 0: nothing was refunded.`,
      );
      const [repeated, other] = taken === 30 ? [30, 40] : [40, 30];
      const [key, free] = taken === 30 ? ['op-1', 'op-2'] : ['op-2', 'op-1'];
      // The one that was executed is repeated, whatever refunds take by now; the other has left its key free.
      const again = await ordered({ ...seen, amount: repeated }, key);
      expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
      const anew = await ordered({ ...seen, expectedRefundedAmount: taken, amount: other }, free);
      expect([anew.status, await rest()]).toEqual([200, 30]);
    });

    it.each([
      ['a key', { reason: 'x' }, undefined, '/headers/idempotency-key'],
      ['a reason', {}, 'op', '/reason'],
    ])('need %s', async (_, body, key, pointer) => {
      await paid();
      const answer = await ordered(body, key);
      expect([answer.status, answer.body['errors']]).toMatchObject([400, [{ pointer }]]);
      expect(answer.body['outcome']).toBe('not-executed');
    });

    it('say that nothing was executed where there is no such payment', async () => {
      const { status, body } = await admin('payments/pay_0/refund', { reason: 'x' }, 'op');
      expect([status, body['outcome']]).toEqual([404, 'not-executed']);
    });

    it('of unknown outcome are asked for like any other', async () => {
      await paid();
      external.behave(failing);
      const { body } = await ordered({ reason: 'Paid twice' }, 'op');
      expect(body).toMatchObject({ outcome: 'unknown', refundId: (await row()).id });
      expect(await after(MINUTE_MS, { status: 'ACCEPTED' })).toMatchObject({ state: 'OK' });
    });
  });

  it('go from KO to OK although their amount was refunded again: nothing more is refunded then', async () => {
    await paid();
    await refund({ result: 'KO', refundId: 're_1' });
    await refund({ result: 'OK', refundId: 're_2' }, { key: 'k2', amount: 80 });
    await callback('refundId=re_1', { status: 'ACCEPTED', refundId: 're_1' });
    expect(await rest()).toBe(-40);
    const refused = await refund({ result: 'OK' }, { key: 'k3', amount: 1 });
    expect(refused.body['code']).toBe('refund-exceeds-payment');
    const { reversal } = await store().read((db) =>
      db.selectFrom('refunds').selectAll().where('external_refund_id', '=', 're_1').executeTakeFirstOrThrow(),
    );
    expect(reversal).toBe('late-success');
  });
});

/** SQLite has one process; on PostgreSQL two replicas share the work. */
const REPLICAS = postgresUrl() === undefined ? 1 : 2;

describe(`100 concurrent refunds, ${REPLICAS} replicas`, () => {
  it('leave the rest of those that ended OK', async () => {
    const results = new Map<string, 'ACCEPTED' | 'FAILED' | 'PENDING'>();
    const external = await startStubExternal(({ method, url, body }: Arrived) => {
      const { pathname, searchParams } = new URL(url, 'http://external');
      if (method === 'GET') {
        const refundId = searchParams.get('refundId');
        return { status: pathname === '/refund/status' ? results.get(refundId!)! : 'ACCEPTED' };
      }
      if (pathname === '/pay') return { result: 'OK', paymentId: 'pm' };
      const { amount } = JSON.parse(body) as { amount: number };
      const refundId = `re_${results.size}_${amount}`;
      results.set(refundId, 'PENDING');
      return { result: 'PENDING', refundId };
    });
    const replicas: Gateway[] = [];
    try {
      while (replicas.length < REPLICAS) {
        const gateway: Gateway = await startGateway({
          externals: [
            {
              externalService: 'acme',
              baseUrl: external.url,
              operations: { 'refund/status': true },
              callbackAllowedIps: ['127.0.0.0/8'],
            },
          ],
          env: {
            PAYMENT_CALLBACK_URL: 'http://127.0.0.1:9/receiver',
            RECONCILIATION_SCHEDULE: Array(100).fill('200ms').join(','),
          },
          ...(replicas[0] && { database: replicas[0].database }),
        });
        replicas.push(gateway);
      }
      const at = (i: number, path: string): string => `${replicas[i % REPLICAS]!.url}/v3/acme/${path}`;
      const sum = Array.from({ length: 100 }, (_, i) => i + 1).reduce((a, b) => a + b);
      await call(at(0, 'pay'), 'POST', { amount: sum, currency: 'EUR', shopTransactionId: 'order' });
      const refunded = await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          call(at(i, 'refund'), 'POST', { amount: i + 1, currency: 'EUR', paymentId: 'pm' }),
        ),
      );
      expect(refunded.map(({ status }) => status)).toEqual(Array.from(refunded, () => 200));
      const more = { amount: 1, currency: 'EUR', paymentId: 'pm' };
      const key = { 'idempotency-key': 'more' };
      expect((await call(at(0, 'refund'), 'POST', more, key)).body['code']).toBe('refund-exceeds-payment');

      let ofOk = 0;
      for (const [i, refundId] of [...results.keys()].entries()) {
        results.set(refundId, i % 2 === 0 ? 'ACCEPTED' : 'FAILED');
        if (i % 2 === 0) ofOk += Number(refundId.split('_')[2]);
      }
      await Promise.all(
        [...results.keys()].map((refundId, i) => call(at(i, `callback?refundId=${refundId}`), 'POST')),
      );
      const store = replicas[0]!.app.get(Store);
      const open = (): Promise<object[]> =>
        store.read((db) =>
          db.selectFrom('refunds').select('id').where('state', 'in', ['PENDING', 'UNKNOWN']).execute(),
        );
      await until(async () => (await open()).length === 0, 'the end of every refund', 30_000);
      const { refunded_minor } = await store.read((db) =>
        db.selectFrom('payments').selectAll().executeTakeFirstOrThrow(),
      );
      expect(refunded_minor).toBe(ofOk);
      const states = await store.read((db) =>
        db
          .selectFrom('refunds')
          .select(({ fn }) => ['state', fn.countAll<number>().as('count')])
          .groupBy('state')
          .orderBy('state')
          .execute(),
      );
      expect(states).toEqual([
        { state: 'KO', count: 50 },
        { state: 'OK', count: 50 },
      ]);
      await call(at(0, 'refund'), 'POST', { ...more, amount: sum - ofOk }, { 'idempotency-key': 'rest' });
      expect((await call(at(1, 'refund'), 'POST', more, key)).body['code']).toBe('refund-exceeds-payment');
    } finally {
      for (const replica of replicas.toReversed()) await replica.close();
      await external.close();
    }
  }, 60_000);
});
