import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Admission } from '../../src/http/admission.js';
import { ShutdownState } from '../../src/http/shutdown-state.js';
import { Store } from '../../src/persistence/store.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { LogLines } from '../support/log-lines.js';
import { openSocket } from '../support/raw-socket.js';
import { scrape } from '../support/scrape.js';
import { answerJson, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { until } from '../support/until.js';

// The load itself: `overload.ts`, by hand.
let external: StubExternal;
let gateway: Gateway;
let admission: Admission;
const log = new LogLines();

const pay = (order: string): Promise<Answer> =>
  call(`${gateway.url}/v3/acme/pay`, 'POST', { amount: 1, currency: 'EUR', shopTransactionId: order });

/** Takes more places than the limit ever allows, as it grows meanwhile; returns what gives them back. */
function occupyAll(): () => void {
  const places = 10_000;
  for (let i = 0; i < places; i++) admission.enter();
  return () => {
    for (let i = 0; i < places; i++) admission.leave();
  };
}

beforeAll(async () => {
  external = await startStubExternal();
  gateway = await startGateway({
    env: { WORKERS: 'off', LOG_LEVEL: 'warn' },
    logOutput: log,
    externals: [{ externalService: 'acme', baseUrl: external.url }],
  });
  admission = gateway.app.get(Admission);
});
afterAll(async () => {
  await gateway.close();
  await external.close();
});

it('refuses a payment while the gateway has more than it can do, and stores nothing', async () => {
  const leave = occupyAll();
  const refused = await pay('o');
  expect([refused.status, refused.body['code'], refused.body['outcome']]).toEqual([
    503,
    'overloaded',
    'not-executed',
  ]);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(refused.headers.get('x-request-id')).toBe(refused.body['requestId']);
  expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);
  expect(await scrape(gateway)).toMatch(/^tollgate_requests_overloaded_total 1$/m);
  const rows = await gateway.app.get(Store).read((db) => db.selectFrom('operations').select('id').execute());
  expect([rows, external.requests]).toEqual([[], []]);
  leave();
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

it('counts refusals as problems, and logs them in one line with their number', async () => {
  const problems = async (): Promise<number> => {
    const text = await scrape(gateway);
    return Number(/^tollgate_problems_total\{code="overloaded"\} (\d+)$/m.exec(text)![1]);
  };
  const before = await problems();
  const leave = occupyAll();
  for (let i = 0; i < 5; i++) await pay('refused');
  leave();
  await until(async () => (await problems()) === before + 5, 'the refusals to be counted');
  const lines = log.lines('Requests were refused: the gateway has more than it can process');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ level: 'warn', refused: expect.any(Number) });
});

it('does not count requests whose callers do not read their answers', async () => {
  external.behave((_, response) => answerJson(response, 200, { result: 'OK', paymentId: 'pm-small' }));
  const page = await (await fetch(`${gateway.url}/documentation`)).text();
  const [script] = /\/documentation\/swagger-ui-[^"]+\.js/.exec(page)!;
  const shutdown = gateway.app.get(ShutdownState);
  const sockets = Array.from({ length: 3 }, () => openSocket(gateway.url));
  try {
    // More than the kernel keeps for a socket that nobody reads, and less than closes the connection.
    for (const socket of sockets) {
      socket.pause().write(`GET ${script} HTTP/1.1\r\nHost: g\r\n\r\n`.repeat(4));
    }
    await until(
      () => shutdown.inFlight >= sockets.length && admission.busy === 0,
      'answers that wait for their callers, and no work',
    );
    expect((await pay('small')).status).toBe(200);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});
