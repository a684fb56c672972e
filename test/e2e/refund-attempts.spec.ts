import { afterEach, describe, expect, it } from '@jest/globals';
import { AttentionQuery } from '../../src/admin/attention/attention.list.js';
import { Attention } from '../../src/admin/attention/attention.service.js';
import { OperationRecovery } from '../../src/operations/operation.recovery.js';
import { Store } from '../../src/persistence/store.js';
import { ReconciliationWorker } from '../../src/reconciliation/reconciliation.worker.js';
import type { RefundRow } from '../../src/refunds/refund.table.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { answerJson, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { TestClock } from '../support/test-clock.js';

/** Attempts of one refund that overlap, because the process of the first was paused (SPEC §4). */

const HOUR_MS = 3_600_000;

describe('the first attempt of a refund, which was paused', () => {
  let clock: TestClock;
  let external: StubExternal;
  let gateway: Gateway;

  afterEach(async () => {
    await gateway.close();
    await external.close();
  });

  const start = async (): Promise<void> => {
    clock = new TestClock();
    gateway = await startGateway({
      clock,
      env: { WORKERS: 'off' },
      externals: [
        {
          externalService: 'acme',
          baseUrl: external.url,
          timeoutMs: 20_000,
          operations: { 'refund/status': true },
        },
      ],
    });
  };
  const post = (operation: string, key: string, body: object): Promise<Answer> =>
    call(
      `${gateway.url}/v3/acme/${operation}`,
      'POST',
      { currency: 'EUR', ...body },
      { 'idempotency-key': key },
    );
  const pay = (): Promise<Answer> => post('pay', 'p', { amount: 10, shopTransactionId: 'order' });
  const refund = (): Promise<Answer> => post('refund', 'r', { amount: 4, paymentId: 'pm' });
  const refunds = (): Promise<RefundRow[]> =>
    gateway.app.get(Store).read((db) => db.selectFrom('refunds').selectAll().orderBy('id').execute());
  const reconcile = async (): Promise<void> => {
    for (let query = 0; query < 2; query += 1) {
      clock.advance(HOUR_MS);
      await gateway.app.get(ReconciliationWorker).reconcileDue();
    }
  };

  it('is not queried by the key that a repeat has taken: the external would answer about the repeat', async () => {
    const arrived = Promise.withResolvers<void>();
    const broken = Promise.withResolvers<void>();
    external = await startStubExternal(async ({ url, method }, response) => {
      if (url === '/pay') return { result: 'OK', paymentId: 'pm' };
      if (method === 'GET') return answerJson(response, 404, { message: 'never seen' });
      arrived.resolve();
      await broken.promise;
      response.destroy();
      return undefined;
    });
    await start();
    await pay();
    const first = refund();
    await arrived.promise;
    clock.advance(60_000);
    await gateway.app.get(OperationRecovery).turn();
    await reconcile();
    expect(await refunds()).toMatchObject([{ state: 'KO' }]);

    const executed = { refundId: 're-of-the-repeat', paymentId: 'pm', amount: 4, currency: 'EUR' };
    let queries = 0;
    external.behave(({ method }) => {
      if (method === 'POST') return { result: 'OK', refundId: executed.refundId };
      queries += 1;
      return { status: 'ACCEPTED', ...executed };
    });
    expect((await refund()).status).toBe(200);
    broken.resolve();
    expect((await first).body['outcome']).toBe('unknown');
    await reconcile();

    expect(queries).toBe(0);
    expect(await refunds()).toMatchObject([
      { state: 'UNKNOWN', external_refund_id: null },
      { state: 'OK', external_refund_id: executed.refundId },
    ]);
    const attention = await gateway.app
      .get(Attention)
      .page(Object.assign(new AttentionQuery(), { limit: 10 }));
    expect(attention.items).toMatchObject([{ kind: 'refund-stuck' }]);
  });

  it('is not begun after its time limit, although its payment is ACCEPTED by then', async () => {
    let refunded = 0;
    external = await startStubExternal(({ url, method }) => {
      if (url === '/pay') return { result: 'PENDING', paymentId: 'pm' };
      if (method === 'POST') refunded += 1;
      // The process is paused while it queries the payment.
      else clock.advance(60_000);
      return method === 'POST' ? { result: 'OK', refundId: 're' } : { status: 'ACCEPTED', paymentId: 'pm' };
    });
    await start();
    await pay();
    const refused = await refund();
    expect({ refused, refunded }).toMatchObject({
      refused: { status: 422, body: { code: 'refund-exceeds-payment', outcome: 'not-executed' } },
      refunded: 0,
    });
    expect(await refund()).toMatchObject({ status: 200, body: { refundId: 're' } });
  });
});
