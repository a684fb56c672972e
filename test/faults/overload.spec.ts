import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Admission } from '../../src/http/admission.js';
import { Store } from '../../src/persistence/store.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { answerJson, startStubExternal, type StubExternal } from '../support/stub-external.js';

// The load itself: `overload.ts`, by hand.
let external: StubExternal;
let gateway: Gateway;
let admission: Admission;

const pay = (order: string): Promise<Answer> =>
  call(`${gateway.url}/v3/acme/pay`, 'POST', { amount: 1, currency: 'EUR', shopTransactionId: order });

beforeAll(async () => {
  external = await startStubExternal();
  gateway = await startGateway({
    env: { WORKERS: 'off' },
    externals: [{ externalService: 'acme', baseUrl: external.url }],
  });
  admission = gateway.app.get(Admission);
});
afterAll(async () => {
  await gateway.close();
  await external.close();
});

it('refuses a payment while the gateway has more than it can do, and stores nothing', async () => {
  const { limit } = admission;
  for (let i = 0; i < limit; i++) admission.enter();
  const refused = await pay('o');
  expect([refused.status, refused.body['code'], refused.body['outcome']]).toEqual([
    503,
    'overloaded',
    'not-executed',
  ]);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(refused.headers.get('x-request-id')).toBe(refused.body['requestId']);
  expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);
  expect(await (await fetch(`${gateway.url}/metrics`)).text()).toMatch(
    /^tollgate_requests_overloaded_total 1$/m,
  );
  const rows = await gateway.app.get(Store).read((db) => db.selectFrom('operations').select('id').execute());
  expect([rows, external.requests]).toEqual([[], []]);
  for (let i = 0; i < limit; i++) admission.leave();
  expect((await pay('o')).status).toBe(200);
});

it('does not count payments that wait for their external', async () => {
  const held = Promise.withResolvers<void>();
  external.behave(async (_, response) => {
    expect(admission.busy).toBe(0);
    await held.promise;
    return answerJson(response, 200, { result: 'OK', paymentId: 'pm-held' });
  });
  const waiting = pay('held');
  held.resolve();
  expect((await waiting).status).toBe(200);
  expect(admission.busy).toBe(0);
});
