import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { Store } from '../../src/persistence/store.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';

describe('A database that refuses a query', () => {
  let external: StubExternal;
  let gateway: Gateway;
  beforeAll(async () => {
    external = await startStubExternal();
    external.behave(answerOk);
    gateway = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url }],
      env: { WORKERS: 'off' },
    });
  });
  afterAll(async () => {
    await gateway.close();
    await external.close();
  });

  it('is 503 storage-unavailable before the call, and nothing is sent', async () => {
    const rename = (from: string, to: string): Promise<unknown> =>
      gateway.app
        .get(Store)
        .transaction((trx) => sql`alter table ${sql.table(from)} rename to ${sql.table(to)}`.execute(trx));
    const pay = (): Promise<Answer> =>
      call(`${gateway.url}/v3/acme/pay`, 'POST', { amount: 1, currency: 'EUR', shopTransactionId: 'order' });
    await rename('payments', 'hidden');
    const refused = await pay();
    await rename('hidden', 'payments');
    expect([refused.status, refused.body['code'], refused.body['outcome']]).toEqual([
      503,
      'storage-unavailable',
      'not-executed',
    ]);
    expect(external.requests).toHaveLength(0);
    expect((await pay()).status).toBe(200);
    expect(external.requests).toHaveLength(1);
  });
});
