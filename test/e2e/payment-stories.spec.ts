import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { StatusQueryLog } from '../../src/operations/status-query.log.js';
import { KEPT_PER_SUBJECT } from '../../src/operations/status-query.repository.js';
import { Store } from '../../src/persistence/store.js';
import { ReconciliationWorker } from '../../src/reconciliation/reconciliation.worker.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { answerJson, answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { TestClock } from '../support/test-clock.js';

const KEYS = { shop: 'key-of-the-shop-0123456789', ops: 'key-of-the-operator-0123456789' };
const MINUTE_MS = 60_000;

type Item = Record<string, unknown>;

describe('what operators read of a payment', () => {
  let external: StubExternal;
  let gateway: Gateway;
  let clock: TestClock;
  let count = 0;

  const asShop = (method: string, path: string, body?: object): Promise<Answer> =>
    call(`${gateway.url}/v3/${path}`, method, body, { 'x-api-key': KEYS.shop });
  const admin = async (path: string): Promise<Record<string, never>> =>
    (await call(`${gateway.url}/admin/${path}`, 'GET', undefined, { 'x-api-key': KEYS.ops })).body as never;
  const attention = async (query = ''): Promise<Item[]> => (await admin(`attention${query}`))['items']!;
  /** A payment that is PENDING at `at`; returns the gateway's id and the external's. */
  const pending = async (at = 'acme'): Promise<{ id: string; paymentId: string }> => {
    const paymentId = `pm-${(count += 1)}`;
    external.behave(() => ({ result: 'PENDING', paymentId }));
    await asShop('POST', `${at}/pay`, { amount: 700, currency: 'EUR', shopTransactionId: `order-${count}` });
    const [{ id }] = (await admin(`payments?paymentId=${paymentId}`))['items'] as unknown as [{ id: string }];
    return { id, paymentId };
  };
  const story = async (id: string): Promise<string[]> =>
    ((await admin(`payments/${id}`))['story'] as unknown as { what: string; text: string }[])
      .filter(({ what }) => /queried|parked/.test(what))
      .map(({ what, text }) => `${what}: ${text.replaceAll(/\d{4}-\S+Z/g, 'then')}`);
  const reconcile = async (afterMs: number): Promise<void> => {
    clock.advance(afterMs);
    await gateway.app.get(ReconciliationWorker).reconcileDue();
  };

  beforeAll(async () => {
    external = await startStubExternal();
    clock = new TestClock(Date.now());
    const circuitBreaker = { failures: 2, windowMs: 60_000, openMs: 600_000 };
    gateway = await startGateway({
      clock,
      externals: [
        { externalService: 'acme', baseUrl: external.url },
        { externalService: 'blind', baseUrl: external.url, operations: { status: false } },
        { externalService: 'broken', baseUrl: external.url, circuitBreaker },
      ],
      env: {
        WORKERS: 'off',
        API_KEYS: `shop:${KEYS.shop},ops:${KEYS.ops}:admin`,
        RECONCILIATION_SCHEDULE: '1m,1m,1m',
      },
    });
  });
  afterEach(() => external.behave(answerOk));
  afterAll(async () => {
    await gateway.close();
    await external.close();
  });

  it('has every query, by whom, and the moment of parking, also after the end', async () => {
    const { id, paymentId } = await pending();
    external.behave((_, response) => answerJson(response, 404, { message: 'No such payment' }));
    for (let round = 0; round < 3; round += 1) await reconcile(MINUTE_MS);
    const parked = [
      'payment-queried: by reconciliation: the external answered 404 3 times, last at then: No such payment',
      'payment-parked: reconciliation no longer queries the external',
    ];
    expect(await story(id)).toEqual(parked);

    const [item] = await attention('?kind=payment-parked');
    expect(item).toMatchObject({
      id,
      lastQuery: { source: 'reconciliation', result: 'not-found', times: 3, detail: 'No such payment' },
    });
    expect(String(item!['advice']).replaceAll(/\d{4}-\S+Z/g, 'then')).toBe(
      'The external answered 404 3 times, last at then: No such payment. The schedule of queries is used up. POST /admin/payments/{id}/check queries it now. If that does not settle it, ask the external’s support, and record the outcome with POST /admin/payments/{id}/resolve.',
    );

    external.behave(() => ({ status: 'PENDING' }));
    clock.advance(1_000);
    await asShop('GET', `acme/status?paymentId=${paymentId}`);
    await asShop('GET', `acme/status?paymentId=${paymentId}`);
    external.behave(() => ({ status: 'ACCEPTED' }));
    clock.advance(1_000);
    await asShop('GET', `acme/check?paymentId=${paymentId}`);
    expect(await story(id)).toEqual([
      ...parked,
      'payment-queried: by status: the external answered PENDING 2 times, last at then',
      'payment-queried: by check: the external answered ACCEPTED at then',
    ]);
    expect(await attention('?kind=payment-parked')).toEqual([]);
  });

  it('says of a parked payment that it was never queried, also after its end', async () => {
    external.behave((_, response) => answerJson(response, 500, {}));
    await asShop('POST', 'blind/pay', { amount: 700, currency: 'EUR', shopTransactionId: 'blind-2' });
    const [item] = await attention('?external=blind');
    const id = String(item!['id']);
    const parked = ['payment-parked: reconciliation cannot query the external about it'];
    expect(await story(id)).toEqual(parked);
    const resolution = { status: 'ACCEPTED', reason: 'in the settlement file', paymentId: null };
    await call(`${gateway.url}/admin/payments/${id}/resolve`, 'POST', resolution, { 'x-api-key': KEYS.ops });
    expect(await story(id)).toEqual(parked);
  });

  it('advises no query of an external that cannot be queried', async () => {
    external.behave((_, response) => answerJson(response, 500, {}));
    await asShop('POST', 'blind/pay', { amount: 700, currency: 'EUR', shopTransactionId: 'blind-1' });
    const [item] = await attention('?external=blind');
    expect(item).toMatchObject({
      kind: 'payment-unknown',
      advice:
        'The gateway cannot query the external about the payment: its configuration switches status off. Ask the external’s support, and record the outcome with POST /admin/payments/{id}/resolve.',
    });
    expect(item).not.toHaveProperty('lastQuery');
  });

  it('counts what is polled, writes it beside the request, and keeps a bounded number of rows', async () => {
    const { id, paymentId } = await pending();
    const log = gateway.app.get(StatusQueryLog);
    for (let round = 0; round < 2 * KEPT_PER_SUBJECT; round += 1) {
      const status = round % 2 === 0 ? 'PENDING' : 'FAILED';
      log.note(
        { subject: { external: 'acme', paymentId }, source: 'status', cause: null },
        { kind: 'completed', answer: status },
        (answer) => answer,
      );
      clock.advance(1);
      await log.flush();
    }
    log.note(
      { subject: { external: 'acme', paymentId: 'pm-not-known' }, source: 'status', cause: null },
      { kind: 'completed', answer: 'PENDING' },
      (answer) => answer,
    );
    await log.flush();
    const rows = await gateway.app
      .get(Store)
      .read((db) => db.selectFrom('status_queries').select('subject_ref').execute());
    expect(rows.filter(({ subject_ref }) => subject_ref === id)).toHaveLength(KEPT_PER_SUBJECT);
    expect(rows.filter(({ subject_ref }) => !/^(pay|ref)_/.test(subject_ref))).toEqual([]);
  });

  it('has externals whose circuit is open or that refuse the credentials among the items', async () => {
    external.behave((_, response) => answerJson(response, 500, {}));
    const pay = (order: string): Promise<Answer> =>
      asShop('POST', 'broken/pay', { amount: 700, currency: 'EUR', shopTransactionId: order });
    await pay('broken-1');
    await pay('broken-2');
    external.behave((_, response) => answerJson(response, 401, {}));
    await asShop('POST', 'acme/pay', { amount: 700, currency: 'EUR', shopTransactionId: 'refused-1' });
    const [open] = await attention('?kind=circuit-open');
    expect(open).toMatchObject({
      id: 'broken',
      external: 'broken',
      state: 'open',
      detail: 'server-error: The external answered 500.',
      nextTryAt: expect.any(String),
    });
    const items = await attention('?limit=200');
    expect(items.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['circuit-open', 'credentials-refused']),
    );
    expect(items.find(({ kind }) => kind === 'credentials-refused')).toMatchObject({
      id: 'acme',
      detail: 'credentials-refused: The external refused the credentials of the gateway (401).',
    });
    expect((await admin('summary'))['attention']).toContainEqual({
      kind: 'circuit-open',
      items: 1,
      more: false,
    });
    external.behave(answerOk);
    await asShop('POST', 'acme/pay', { amount: 700, currency: 'EUR', shopTransactionId: 'refused-2' });
    expect(await attention('?kind=credentials-refused')).toEqual([]);
  });
});
