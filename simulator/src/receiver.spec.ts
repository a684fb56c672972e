import { afterEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { ExternalClient, payBody } from '../../test/support/external-client.js';
import type { DeliveredNotification } from './delivered-notification.js';
import { startSimulator, type Simulator, type SimulatorOptions } from './simulator.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const BODY = JSON.stringify({ status: 'ACCEPTED', paymentId: 'p1', shopTransactionId: 'o1' });

let simulator: Simulator;

afterEach(() => simulator.close());

async function started(options: Partial<SimulatorOptions> = {}): Promise<ExternalClient> {
  simulator = await startSimulator({ port: 0, ...options });
  return new ExternalClient(simulator.url);
}

function deliver(headers: Record<string, string> = {}, body = BODY): Promise<Response> {
  return fetch(`${simulator.url}/receiver`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-payment-version': '3', ...headers },
    body,
  });
}

function signed(secret: string, at = new Date()): Record<string, string> {
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign('msg_1', at, BODY),
  };
}

async function listed(client: ExternalClient, query = ''): Promise<DeliveredNotification[]> {
  return (await client.get(`/notifications${query}`)).body?.items as DeliveredNotification[];
}

describe('the receiver', () => {
  it('lists deliveries with signature and version', async () => {
    const client = await started({ notificationSecrets: [OTHER, SECRET] });
    expect((await deliver({ ...signed(SECRET), authorization: 'Bearer secret' })).status).toBe(200);
    const [notification] = await listed(client);
    expect(notification).toMatchObject({
      webhookId: 'msg_1',
      version: 3,
      paymentId: 'p1',
      verified: true,
      answer: 200,
      body: JSON.parse(BODY) as object,
      rawBody: BODY,
    });
    expect(notification?.headers.authorization).toBe('Bearer ***');
    expect(Date.parse(notification!.at)).not.toBeNaN();
  });

  it.each([
    ['another secret', () => signed(OTHER), 'bad-signature'],
    ['no signature', () => ({}), 'missing-header'],
    ['an old one', () => signed(SECRET, new Date(Date.now() - 600_000)), 'too-old'],
  ])('rejects %s with 401 and lists it', async (_case, headers, reason) => {
    const client = await started({ notificationSecrets: [SECRET] });
    expect((await deliver(headers())).status).toBe(401);
    expect(await listed(client)).toEqual([expect.objectContaining({ verified: false, reason, answer: 401 })]);
  });

  it('does not verify without a secret, and accepts any body', async () => {
    const client = await started();
    await deliver({}, 'not JSON');
    const [notification] = await listed(client);
    expect(notification).toMatchObject({ body: 'not JSON', answer: 200 });
    expect(notification).not.toHaveProperty('verified');
  });

  it('filters by paymentId and deletes by DELETE', async () => {
    const client = await started();
    await deliver();
    await deliver({}, '{"paymentId":"p2"}');
    expect(await listed(client, '?paymentId=p2')).toHaveLength(1);
    await client.delete('/notifications');
    expect(await listed(client)).toEqual([]);
  });

  it('fails the configured number of times, then works again', async () => {
    const client = await started();
    await client.post('/receiver/behaviour', { status: 503, times: 2, retryAfter: 7 });
    const answers = [await deliver(), await deliver(), await deliver()];
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 200]);
    expect(answers.map(({ headers }) => headers.get('retry-after'))).toEqual(['7', '7', null]);
    expect((await listed(client)).map(({ answer }) => answer)).toEqual([503, 503, 200]);
  });

  it('is slow until its behaviour is reset', async () => {
    const client = await started();
    await client.post('/receiver/behaviour', { delayMs: 25, status: 204 });
    const startedAt = performance.now();
    expect((await deliver()).status).toBe(204);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(24);
    expect((await client.get('/receiver/behaviour')).body).toMatchObject({ delayMs: 25, status: 204 });
    await client.post('/receiver/behaviour', {});
    expect((await deliver()).status).toBe(200);
  });

  it.each([{ status: 99 }, { status: '500' }, { times: 0 }, { delayMs: -1 }, { retryAfter: 1.5 }])(
    'rejects the behaviour %j',
    async (behaviour) => {
      const client = await started();
      expect((await client.post('/receiver/behaviour', behaviour)).status).toBe(422);
    },
  );

  it('keeps at most maxNotifications', async () => {
    const client = await started({ maxNotifications: 10 });
    for (let round = 0; round < 15; round += 1) await deliver({}, `{"paymentId":"p${round}"}`);
    const ids = (await listed(client)).map(({ paymentId }) => paymentId);
    expect(ids.length).toBeLessThanOrEqual(10);
    expect(ids.at(-1)).toBe('p14');
  });
});

describe('the received calls', () => {
  interface LoggedRequest {
    readonly method: string;
    readonly path: string;
    readonly headers: Record<string, unknown>;
    readonly body: Record<string, unknown>;
    readonly rawBody: string;
    readonly answer: unknown;
  }

  const requests = async (client: ExternalClient, query = ''): Promise<LoggedRequest[]> =>
    (await client.get(`/requests${query}`)).body?.items as LoggedRequest[];

  it('are listed with body and masked credentials, without the simulator’s own pages', async () => {
    const client = await started();
    await fetch(`${simulator.url}/pay?x=1`, {
      method: 'POST',
      headers: {
        authorization: 'Bearer s3cret',
        'x-api-key': 's3cret',
        'idempotency-key': 'k',
        cookie: 'a=s3cret',
      },
      body: '{"amount": 1, "amount": 2, "providerData": {"deep": [{"n": 1e3}]}}',
    });
    await client.get('/status?paymentId=p');
    await client.get('/nowhere');
    await client.get('/book');
    const items = await requests(client);
    expect(items.map(({ method, path, answer }) => [method, path, answer])).toEqual([
      ['POST', '/pay', 422],
      ['GET', '/status', 404],
      ['GET', '/nowhere', 404],
    ]);
    expect(items[0]).toMatchObject({
      query: { x: '1' },
      headers: { authorization: 'Bearer ***', 'x-api-key': '***', cookie: '***', 'idempotency-key': 'k' },
      body: { amount: 2, providerData: { deep: [{ n: 1000 }] } },
      rawBody: '{"amount": 1, "amount": 2, "providerData": {"deep": [{"n": 1e3}]}}',
    });
    expect(JSON.stringify(items)).not.toContain('s3cret');
  });

  it('are kept up to 1,000 and 16 MiB, the newest last', async () => {
    const client = await started();
    const body = payBody({ providerData: { fill: 'x'.repeat(1_000_000) } });
    for (let round = 0; round < 20; round += 1) await client.post('/pay', body);
    expect(await requests(client)).toHaveLength(16);
    await client.delete('/requests');
    for (let round = 0; round < 1_005; round += 1) await client.get(`/status?paymentId=${round}`);
    expect(await requests(client)).toHaveLength(1_000);
    expect(await requests(client, '?limit=1')).toEqual([
      expect.objectContaining({ query: { paymentId: '1004' } }),
    ]);
  }, 60_000);
});

describe('the index page', () => {
  it('shows payments, escaped, and links that work', async () => {
    const client = await started({ publicUrl: 'http://simulator.example' });
    await client.post('/pay', payBody({ shopTransactionId: '<b>order</b>' }));
    const index = await client.get('/');
    expect(index.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(index.text).toContain('&lt;b&gt;order&lt;/b&gt;');
    expect(index.text).toContain('http://simulator.example/pay');
    expect(index.text).toContain('duplicate-callback');
    const links = [...index.text.matchAll(/href="\.(\/[^"]*)"/g)].map((match) => match[1]!);
    expect(links.length).toBeGreaterThan(4);
    for (const link of links) expect((await client.get(link)).status).toBe(200);
  });
});
