import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ExternalClient, payBody, subscriptionBody } from '../../test/support/external-client.js';
import { until } from '../../test/support/until.js';
import { startSimulator, type Simulator, type SimulatorOptions } from './simulator.js';

let folder: string;
let memoryPath: string;
let simulator: Simulator;
let client: ExternalClient;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'simulator-'));
  memoryPath = join(folder, 'memory');
  await start();
});

afterEach(async () => {
  await simulator.close();
  rmSync(folder, { recursive: true });
});

async function start(options: Partial<SimulatorOptions> = {}): Promise<void> {
  simulator = await startSimulator({
    port: 0,
    memoryPath,
    callbackUrl: () => `${simulator.url}/receiver`,
    callbackRetryMs: [1, 1, 1],
    ...options,
  });
  client = new ExternalClient(simulator.url);
}

async function restart(options: Partial<SimulatorOptions> = {}): Promise<void> {
  await simulator.close();
  await start(options);
}

/** Runs a statement on the file of a simulator that is closed. */
function onFile(statement: string): void {
  const database = new DatabaseSync(memoryPath);
  database.exec(statement);
  database.close();
}

const statusOf = async (paymentId: unknown): Promise<unknown> =>
  (await client.get(`/status?paymentId=${String(paymentId)}`)).body?.status;

const refundStatusOf = async (refundId: unknown): Promise<unknown> =>
  (await client.get(`/refund/status?refundId=${String(refundId)}`)).body?.status;

describe('after a restart', () => {
  it('the book is what it was', async () => {
    const { body } = await client.post('/pay', payBody(), { key: 'paid' });
    await client.post('/refund', { amount: 1, currency: 'EUR', paymentId: body?.paymentId });
    await client.post('/subscription/start', subscriptionBody());
    await client.post('/pay', payBody({ providerData: { scenario: 'redirect' } }));
    await client.post('/receiver', { paymentId: 'received' });
    const [before, received] = [simulator.report(), simulator.notifications()];
    expect([before.payments.length, before.refunds.length, before.subscriptions.length]).toEqual([3, 1, 1]);
    await restart();
    const after = simulator.report();
    expect({ ...after, totals: { ...after.totals, callbacks: before.totals.callbacks } }).toEqual(before);
    expect(simulator.notifications()).toEqual(received);
  });

  it('a key is not executed again, and the order is found', async () => {
    const order = payBody();
    const first = await client.post('/pay', order, { key: 'k' });
    await restart();
    expect((await client.post('/pay', order, { key: 'k' })).text).toBe(first.text);
    expect(simulator.report().totals.calls).toEqual({ received: 2, executed: 1, replayed: 1 });
    const { body } = await client.get(`/status?shopTransactionId=${String(order.shopTransactionId)}`);
    expect(body?.paymentId).toBe(first.body?.paymentId);
    await restart();
    expect(simulator.report().payments).toEqual([expect.objectContaining({ replays: 1 })]);
  });

  it('what was pending is settled when its time has come, with its callback', async () => {
    const later = { delayMs: 3_600_000 };
    const { body: due } = await client.post(
      '/pay',
      payBody({ providerData: { scenario: 'pending', ...later } }),
    );
    const { paymentId } = (await client.post('/pay', payBody())).body!;
    const { body: refunded } = await client.post('/refund', {
      amount: 1,
      currency: 'EUR',
      paymentId,
      providerData: { scenario: 'refund-pending', ...later },
    });
    await simulator.close();
    onFile("update records set value = json_set(value, '$.at', 0) where kind = 'later'");
    await start();
    const { body: notYet } = await client.post(
      '/pay',
      payBody({ providerData: { scenario: 'pending', ...later } }),
    );
    const calledBack = (id: unknown): boolean =>
      simulator.notifications().some((one) => one.paymentId === id);
    await until(() => calledBack(due?.paymentId) && calledBack(paymentId), 'the callbacks');
    expect(await statusOf(due?.paymentId)).toBe('ACCEPTED');
    expect(await refundStatusOf(refunded?.refundId)).toBe('ACCEPTED');
    await restart();
    expect(await statusOf(notYet?.paymentId)).toBe('PENDING');
  });

  it('what was cleared stays so', async () => {
    await client.post('/pay', payBody(), { key: 'k' });
    await client.post('/pay', payBody({ providerData: { scenario: 'pending', delayMs: 3_600_000 } }));
    await client.delete('/book');
    await restart();
    expect(simulator.report().payments).toEqual([]);
    expect(simulator.report().totals.calls.received).toBe(0);
  });
});

describe('the file', () => {
  it('is for its owner alone', () => expect(statSync(memoryPath).mode & 0o777).toBe(0o600));

  it('serves one process', async () => {
    await expect(startSimulator({ port: 0, memoryPath })).rejects.toThrow(
      `cannot use the memory ${memoryPath}: database is locked`,
    );
  });

  it('of another version, or another program, is refused', async () => {
    const other = join(folder, 'other');
    const database = new DatabaseSync(other);
    database.exec('pragma user_version = 99');
    database.close();
    await expect(startSimulator({ port: 0, memoryPath: other })).rejects.toThrow('format 99');
    writeFileSync(other, 'not a database, but a text that is long enough to be taken for one'.repeat(20));
    await expect(startSimulator({ port: 0, memoryPath: other })).rejects.toThrow('file is not a database');
  });
});
