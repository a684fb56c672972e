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

  /** As the gateway sends it, with `changes`. */
  async function post(
    body: string,
    changes: { id?: string; version?: number; timestampS?: number; secret?: string; sent?: string } = {},
  ): Promise<number> {
    const { id = `ntf_${body.length}`, version = 9, secret = NOTIFICATION_SECRET } = changes;
    const timestampS = changes.timestampS ?? Math.floor(Date.now() / 1_000);
    const response = await fetch(url, {
      method: 'POST',
      body: changes.sent ?? body,
      headers: {
        'webhook-id': id,
        'webhook-timestamp': String(timestampS),
        'webhook-signature': signWebhook({ id, timestampS, body, secrets: [new Secret(secret)] }),
        'x-payment-version': String(version),
      },
    });
    return response.status;
  }

  it('accepts the requests of the gateway', async () => {
    const id = await delivery.queue({ paymentRef: 'pay_1', version: 1, payload: payload('PENDING') });
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
    await delivery.queue({ paymentRef: 'pay_1', version: 3, payload: payload('ACCEPTED') });
    await until(() => delivery.deliveries.length === 3, 'the delivery');
    expect(await post(JSON.stringify(payload('FAILED')), { version: 2 })).toBe(204);
  });

  it('accepts both keys during a rotation', async () => {
    expect(await post(JSON.stringify(payload('ACCEPTED')), { secret: NEW_SECRET, version: 4 })).toBe(204);
  });

  it.each([
    ['another key', { secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx' }],
    ['an old time', { timestampS: Math.floor(Date.now() / 1_000) - 400 }],
    ['a time to come', { timestampS: Math.floor(Date.now() / 1_000) + 400 }],
    ['another body', { sent: JSON.stringify(payload('FAILED')) }],
  ])('refuses %s', async (_, changes) => {
    expect(await post(JSON.stringify(payload('ACCEPTED')), { ...changes, version: 10 })).toBe(401);
  });

  it('refuses an unsigned request', async () => {
    expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(401);
  });

  it('has processed each notification once', async () => {
    await post(JSON.stringify(payload('ACCEPTED')), { id: 'ntf_last', version: 20 });
    await until(() => handled().some((line) => line.includes(' 20 ')), 'the last one');
    expect(handled().map((line) => line.replace('acme/pm_1 ', ''))).toEqual([
      '1 PENDING',
      '3 ACCEPTED',
      '4 ACCEPTED',
      '20 ACCEPTED',
    ]);
  });
});
