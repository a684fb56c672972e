import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, call } from '../support/client.js';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';
import { Store } from '../../src/persistence/store.js';
import { startGateway } from '../support/gateway.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

const HOUR_MS = 3_600_000;
const PRELOAD = fileURLToPath(new URL('../support/stepping-clock.js', import.meta.url));

describe('a gateway whose machine’s clock steps', () => {
  let folder: string;
  let external: StubExternal;
  let receiver: TestReceiver;
  let gateway: GatewayProcess;
  let refunds: number;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tollgate-clock-'));
    refunds = 0;
    external = await startStubExternal(({ url, method }) => {
      if (method === 'GET') return { status: 'ACCEPTED' };
      if (!url.includes('refund')) return { result: 'OK', paymentId: 'pm' };
      refunds += 1;
      return { result: 'OK' };
    });
    receiver = await startReceiver();
    gateway = await startGatewayProcess({
      externals: [{ externalService: 'acme', baseUrl: external.url }],
      imports: [PRELOAD],
      env: {
        CLOCK_FILE: join(folder, 'offset'),
        PAYMENT_CALLBACK_URL: receiver.url,
        NOTIFICATION_SCHEDULE: '1s,1s,1s',
      },
    });
  });
  afterEach(async () => {
    await gateway.dispose();
    await receiver.stop();
    await external.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const step = async (toMs: number): Promise<void> => {
    writeFileSync(join(folder, 'new'), String(toMs));
    renameSync(join(folder, 'new'), join(folder, 'offset'));
    await until(() => gateway.output().includes(`ahead by ${toMs} ms`), 'the step', 5_000);
  };
  const refund = (key: string): Promise<Answer> =>
    call(
      `${gateway.url}/v3/acme/refund`,
      'POST',
      { amount: 1, currency: 'EUR', paymentId: 'pm' },
      { 'idempotency-key': key },
    );

  it('keeps all keys over a step of 25 h forward', async () => {
    const keys = Array.from({ length: 10 }, (_, index) => `k${index}`);
    for (const key of keys) expect((await refund(key)).status).toBe(200);
    await step(25 * HOUR_MS);
    for (const key of keys) await refund(key);
    await step(0);
    for (const key of keys) await refund(key);
    expect(refunds).toBe(10);
    const stepsLogged = (): number => gateway.output().split('A clock stepped').length - 1;
    await until(() => stepsLogged() >= 2, 'both steps in the log', 5_000);
    expect(stepsLogged()).toBe(2);
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toContain('tollgate_clock_steps_total{clock="machine"} 2');
  });

  it('delivers what is due after a step of 3 h back', async () => {
    receiver.answers(503, 200);
    await call(`${gateway.url}/v3/acme/check?paymentId=pm`, 'GET');
    await until(() => receiver.received.length === 1, 'the first attempt', 5_000);
    await step(-3 * HOUR_MS);
    await until(() => receiver.received.length === 2, 'the second attempt', 10_000);
  });
});

const onPostgres = process.env['TEST_DATABASE_URL'] ? describe : describe.skip;

onPostgres('two replicas of which one is 60 s ahead', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  it('agree about the deadline of a call in flight', async () => {
    const answered = Promise.withResolvers<void>();
    closing.push(async () => answered.resolve());
    const external = await startStubExternal(async ({ headers }) => {
      if (headers['idempotency-key'] === 'slow') await answered.promise;
      return { result: 'OK', paymentId: String(headers['idempotency-key']) };
    });
    closing.push(() => external.close());
    const externals = [{ externalService: 'acme', baseUrl: external.url, timeoutMs: 30_000 }];
    const right = await startGateway({ externals, env: { WORKERS: 'off' } });
    closing.push(() => right.close());
    const folder = mkdtempSync(join(tmpdir(), 'tollgate-clock-'));
    closing.push(async () => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'offset'), '60000');
    const ahead = await startGatewayProcess({
      externals,
      imports: [PRELOAD],
      env: { ...right.database, CLOCK_FILE: join(folder, 'offset') },
    });
    closing.push(() => ahead.dispose());
    const pay = (key: string): Promise<Answer> =>
      call(
        `${right.url}/v3/acme/pay`,
        'POST',
        { amount: 1, currency: 'EUR', shopTransactionId: key },
        { 'idempotency-key': key },
      );
    const operation = (key: string) =>
      right.app
        .get(Store)
        .read((db) =>
          db
            .selectFrom('operations')
            .selectAll()
            .where('idempotency_key', '=', key)
            .executeTakeFirstOrThrow(),
        );

    await pay('expired');
    const slow = pay('slow');
    await until(() => external.requests.length === 2, 'the call', 5_000);
    // Recovery looks for calls past their deadline, then releases expired keys: both are done once this one is free.
    await right.app
      .get(Store)
      .transaction((trx) =>
        trx
          .updateTable('operations')
          .set({ expires_at: 1 })
          .where('idempotency_key', '=', 'expired')
          .execute(),
      );
    await until(async () => (await operation('expired')).key_held === 0, 'a turn of the recovery', 10_000);
    expect(await operation('slow')).toMatchObject({ state: 'running' });
    answered.resolve();
    expect((await slow).status).toBe(200);
    expect(ahead.output()).toContain('differs from the time of the database');
    const metrics = await (await fetch(`${ahead.url}/metrics`)).text();
    const [, skew] = /^tollgate_clock_skew_seconds (\S+)$/m.exec(metrics) ?? [];
    expect(Number(skew)).toBeGreaterThan(59);
    expect(Number(skew)).toBeLessThan(61);
  }, 60_000);

  it('send each notification once', async () => {
    const external = await startStubExternal();
    closing.push(() => external.close());
    const receiver = await startReceiver();
    closing.push(() => receiver.stop());
    // Longer than the pause between two searches for the leases of dead workers.
    receiver.answers((response) => void setTimeout(() => response.writeHead(200).end('{}'), 3_000));
    const externals = [{ externalService: 'acme', baseUrl: external.url }];
    const env = { PAYMENT_CALLBACK_URL: receiver.url };
    const right = await startGateway({ externals, env });
    closing.push(() => right.close());
    const folder = mkdtempSync(join(tmpdir(), 'tollgate-clock-'));
    closing.push(async () => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'offset'), '60000');
    const ahead = await startGatewayProcess({
      externals,
      imports: [PRELOAD],
      env: { ...right.database, ...env, CLOCK_FILE: join(folder, 'offset') },
    });
    closing.push(() => ahead.dispose());

    for (let index = 0; index < 12; index++) {
      await call(`${right.url}/v3/acme/check?paymentId=pm-${index}`, 'GET');
    }
    const store = right.app.get(Store);
    await until(
      async () =>
        (
          await store.read((db) =>
            db.selectFrom('notifications').select('id').where('state', '=', 'DELIVERED').execute(),
          )
        ).length === 12,
      'the deliveries',
      30_000,
    );
    expect(receiver.received).toHaveLength(12);
  }, 60_000);
});
