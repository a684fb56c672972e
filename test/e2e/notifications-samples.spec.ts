import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/sensitive/secret.js';
import { signWebhook } from '../../src/webhooks/standard-webhooks.js';
import { SystemClock } from '../../src/shared/clock.js';
import { openTestDatabase, sqliteMemory, type TestDatabase } from '../support/databases.js';
import { buildDelivery, type Delivery, NOTIFICATION_SECRET } from '../support/delivery.js';
import { OPS } from '../support/operators.js';
import { until } from '../support/until.js';

/** The samples of docs/receiving-notifications.md, with the gateway's own notifications. */

const PAGE = readFileSync(
  fileURLToPath(new URL('../../docs/receiving-notifications.md', import.meta.url)),
  'utf8',
);
const NEW_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const SAMPLES = [
  ['Node.js', 'js', process.execPath, 'receiver.mjs'],
  ['Python', 'python', 'python3', 'receiver.py'],
] as const;

function isThere(command: string): boolean {
  return spawnSync(command, ['--version']).status === 0;
}

describe.each(SAMPLES)('the sample in %s', (name, language, command, file) => {
  if (!isThere(command)) {
    it.todo(`is not tried: there is no ${command} here`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-sample-'));
  let sample: ChildProcess;
  let output = '';
  let url: string;
  let database: TestDatabase;
  let delivery: Delivery;

  beforeAll(async () => {
    const code = new RegExp(`### ${name}\\n+\`\`\`${language}\\n(.*?)\\n\`\`\``, 's').exec(PAGE)![1]!;
    writeFileSync(join(folder, file), code);
    sample = spawn(command, [join(folder, file)], {
      env: { ...process.env, PORT: '0', NOTIFICATION_SECRET: `${NOTIFICATION_SECRET} ${NEW_SECRET}` },
    });
    sample.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()));
    sample.stderr!.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const port = (): string | undefined => /^listening (\d+)$/m.exec(output)?.[1];
    await until(() => port() !== undefined, 'the sample to listen');
    url = `http://127.0.0.1:${port()}/hooks`;
    database = await openTestDatabase(sqliteMemory);
    delivery = buildDelivery({ store: database.store, clock: new SystemClock(), receiverUrl: url });
    delivery.start();
  });
  afterAll(async () => {
    await delivery.stop();
    await database.dispose();
    const ended = once(sample, 'close');
    sample.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });

  const handled = (): string[] => [...output.matchAll(/^handled (.*)$/gm)].map(([, line]) => line!);
  const payload = (status: string): object => ({ status, paymentId: 'pm_1', providerName: 'acme' });
  const neverExecuted = (shopTransactionId: string): object => ({
    status: 'FAILED',
    shopTransactionId,
    providerName: 'acme',
  });

  /** As the gateway sends it, with `changes`. */
  async function post(
    status: object,
    changes: {
      id?: string;
      version?: number;
      header?: number;
      timestampS?: number;
      secret?: string;
      sent?: string;
    } = {},
  ): Promise<number> {
    const { version = 9, secret = NOTIFICATION_SECRET } = changes;
    const body = JSON.stringify({ ...status, version });
    const { id = `ntf_${body.length}` } = changes;
    const timestampS = changes.timestampS ?? Math.floor(Date.now() / 1_000);
    const response = await fetch(url, {
      method: 'POST',
      body: changes.sent ?? body,
      headers: {
        'webhook-id': id,
        'webhook-timestamp': String(timestampS),
        'webhook-signature': signWebhook({ id, timestampS, body, secrets: [new Secret(secret)] }),
        'x-tollgate-event': 'payment',
        'x-payment-version': String(changes.header ?? version),
      },
    });
    return response.status;
  }

  it('accepts the requests of the gateway', async () => {
    const id = await delivery.queue({ subjectRef: 'pay_1', version: 1, payload: payload('PENDING') });
    await until(() => delivery.deliveries.length === 1, 'the delivery');
    expect(await delivery.row(id)).toMatchObject({ state: 'DELIVERED', attempts: 1 });
    await until(() => handled().length === 1, 'it to be handled');
    expect(handled()).toEqual(['acme/pm_1 1 PENDING']);
  });

  it('handles a replay once', async () => {
    const [first] = await delivery.rows();
    await delivery.replay.one(first!.id, OPS);
    await until(() => delivery.deliveries.length === 2, 'the replay');
    expect(delivery.deliveries.at(-1)).toMatchObject({ result: 'delivered', statusCode: 204 });
  });

  it('ignores an older version with any id', async () => {
    await delivery.queue({ subjectRef: 'pay_1', version: 3, payload: payload('ACCEPTED') });
    await until(() => delivery.deliveries.length === 3, 'the delivery');
    expect(await post(payload('FAILED'), { id: 'ntf_old', version: 2 })).toBe(204);
  });

  it('goes by the signed version, whatever the header says', async () => {
    expect(await post(payload('FAILED'), { id: 'ntf_header', version: 2, header: 99 })).toBe(204);
  });

  it('handles payments that were never executed, by their orders', async () => {
    for (const [index, order] of ['order-1', 'order-2'].entries()) {
      const id = await delivery.queue({
        subjectRef: `pay_never_${order}`,
        version: 1,
        payload: neverExecuted(order),
      });
      await until(() => delivery.deliveries.length === 4 + index, 'the delivery');
      expect(await delivery.row(id)).toMatchObject({ state: 'DELIVERED', attempts: 1 });
    }
    await until(() => handled().length === 4, 'both to be handled');
    expect(handled().slice(2)).toEqual(['acme/order/order-1 1 FAILED', 'acme/order/order-2 1 FAILED']);
  });

  it('lets no attempt that was never executed undo a paid order', async () => {
    const paid = {
      status: 'ACCEPTED',
      paymentId: 'pm_2',
      shopTransactionId: 'order-3',
      providerName: 'acme',
    };
    expect(await post(paid, { id: 'ntf_paid', version: 1 })).toBe(204);
    expect(await post(neverExecuted('order-3'), { id: 'ntf_late', version: 2 })).toBe(204);
    await until(() => handled().length === 5, 'the payment to be handled');
    expect(handled().at(-1)).toBe('acme/pm_2 1 ACCEPTED');
  });

  it('tells refunds and subscriptions from payments', async () => {
    const ids = { paymentId: 'pm_4', shopTransactionId: 'order-4', providerName: 'acme' };
    const refund = { status: 'ACCEPTED', refundId: 're_1', amount: 1, currency: 'EUR', ...ids };
    expect(await post(refund, { id: 'ntf_refund', version: 1 })).toBe(204);
    const subscription = { status: 'PAST_DUE', subscriptionToken: 'tok_1', providerName: 'acme' };
    expect(await post(subscription, { id: 'ntf_subscription', version: 1 })).toBe(204);
    // A refund pays no order.
    expect(await post(neverExecuted('order-4'), { id: 'ntf_unpaid', version: 1 })).toBe(204);
    await until(() => handled().length === 8, 'all three to be handled');
    expect(handled().slice(5)).toEqual([
      'acme/refund/re_1 1 ACCEPTED',
      'acme/subscription/tok_1 1 PAST_DUE',
      'acme/order/order-4 1 FAILED',
    ]);
  });

  it('accepts both keys during a rotation', async () => {
    expect(await post(payload('ACCEPTED'), { id: 'ntf_new', secret: NEW_SECRET, version: 4 })).toBe(204);
  });

  it.each([
    ['another key', { secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx' }],
    ['an old time', { timestampS: Math.floor(Date.now() / 1_000) - 400 }],
    ['a time to come', { timestampS: Math.floor(Date.now() / 1_000) + 400 }],
    ['another body', { sent: JSON.stringify(payload('FAILED')) }],
  ])('refuses %s', async (_, changes) => {
    expect(await post(payload('ACCEPTED'), { ...changes, version: 10 })).toBe(401);
  });

  it('refuses an unsigned request', async () => {
    expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(401);
  });

  it('has processed each notification once', async () => {
    await post(payload('ACCEPTED'), { id: 'ntf_last', version: 20 });
    await until(() => handled().some((line) => line.includes(' 20 ')), 'the last one');
    const ofFirst = handled().filter((line) => line.startsWith('acme/pm_1 '));
    expect(ofFirst.map((line) => line.replace('acme/pm_1 ', ''))).toEqual([
      '1 PENDING',
      '3 ACCEPTED',
      '4 ACCEPTED',
      '20 ACCEPTED',
    ]);
  });
});
