import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startSimulator } from '@tollgate/simulator';
import { Secret } from '../../src/sensitive/secret.js';
import { signWebhook } from '../../src/webhooks/standard-webhooks.js';
import { startStubExternal } from '../../test/support/stub-external.js';
import { until } from '../../test/support/until.js';
import { type Delivery, type Listener, type ListenerOptions, startListener } from '../src/listen/listener.js';
import { runCli } from './cli.js';

const secret = new Secret(`whsec_${randomBytes(32).toString('base64')}`);
const NOW_MS = 1_800_000_000_000;
const BODY = '{"status":"ACCEPTED","paymentId":"pm_1","version":1}';

let listener: Listener;
let deliveries: Delivery[];

async function start(options: Partial<ListenerOptions> = {}): Promise<void> {
  deliveries = [];
  listener = await startListener({
    port: 0,
    host: '127.0.0.1',
    secrets: [secret],
    forwardUrl: undefined,
    failures: 0,
    failStatus: 503,
    now: () => NOW_MS,
    onDelivery: (delivery) => deliveries.push(delivery),
    ...options,
  });
}

afterEach(() => listener.close());

async function deliver(
  id: string,
  { timestampS = NOW_MS / 1_000, body = BODY, signed = BODY } = {},
): Promise<number> {
  const { status } = await fetch(listener.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestampS),
      'webhook-signature': signWebhook({ id, timestampS, body: signed, secrets: [secret] }),
      'x-tollgate-event': 'payment',
    },
    body,
  });
  return status;
}

describe('tollgate listen', () => {
  it('verifies signatures over raw bytes, and counts resends', async () => {
    await start();
    expect(await deliver('msg_1')).toBe(200);
    expect(await deliver('msg_1')).toBe(200);
    expect(await deliver('msg_2', { body: BODY.replace('ACCEPTED', 'FAILED') })).toBe(401);
    expect(await deliver('msg_3', { timestampS: NOW_MS / 1_000 - 3_600 })).toBe(401);
    expect((await fetch(listener.url, { method: 'POST', body: BODY })).status).toBe(401);
    expect((await fetch(listener.url)).status).toBe(405);
    expect(deliveries.map(({ id, attempt, signature, answer }) => [id, attempt, signature, answer])).toEqual([
      ['msg_1', 1, 'verified', 200],
      ['msg_1', 2, 'verified', 200],
      ['msg_2', 1, 'bad-signature', 401],
      ['msg_3', 1, 'too-old', 401],
      [undefined, 1, 'missing-header', 401],
    ]);
    expect(deliveries[0]).toMatchObject({ event: 'payment', body: JSON.parse(BODY) as object });
  });

  it('fails as often as it should, and forwards none of those', async () => {
    const target = await startStubExternal();
    await start({ failures: 2, failStatus: 500, forwardUrl: target.url });
    expect([await deliver('m'), await deliver('m'), await deliver('m')]).toEqual([500, 500, 200]);
    expect(target.requests).toHaveLength(1);
    await target.close();
  });

  it('forwards what the target can verify itself, and answers as the target does', async () => {
    const target = await startSimulator({ port: 0, notificationSecrets: [secret.reveal()] });
    await start({ forwardUrl: `${target.url}/receiver`, secrets: [] });
    // The target looks at the real time.
    const timestampS = Math.floor(new Date().getTime() / 1_000);
    expect(await deliver('msg_1', { timestampS })).toBe(200);
    expect(target.notifications()).toEqual([
      expect.objectContaining({ verified: true, event: 'payment', rawBody: BODY }),
    ]);
    await fetch(`${target.url}/receiver/behaviour`, { method: 'POST', body: '{"status":410}' });
    expect(await deliver('msg_2', { timestampS })).toBe(410);
    await target.close();
    expect(await deliver('msg_3', { timestampS })).toBe(502);
    expect(deliveries.map(({ signature, reason }) => [signature, reason])).toEqual([
      ['not checked', expect.stringContaining('answered by')],
      ['not checked', expect.stringContaining('answered by')],
      ['not checked', expect.stringContaining('did not answer (ECONNREFUSED)')],
    ]);
  });

  it('ends deliveries in flight when it closes', async () => {
    const target = await startStubExternal(() => undefined);
    await start({ forwardUrl: target.url });
    const waiting = deliver('m');
    waiting.catch(() => undefined);
    await until(() => target.requests.length === 1, 'the forwarded delivery');
    await listener.close();
    await expect(waiting).rejects.toThrow('fetch failed');
    await target.close();
  });

  it.each([
    [['--port', '70000'], '65535'],
    [['--forward', 'localhost'], 'http(s) URL'],
    [['--secret', 'hunter2'], 'whsec_'],
    [['--fail', 'x'], 'integer'],
  ])('refuses %j', async (args, text) => {
    await start();
    const { exitCode, stderr } = await runCli('listen', ...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(text);
  });

  it('says in one line that the port is in use', async () => {
    await start();
    const { exitCode, stderr } = await runCli('listen', '--port', new URL(listener.url).port);
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/^tollgate: cannot listen on port \d+: .*EADDRINUSE.*\n$/),
    ]);
  });
});
