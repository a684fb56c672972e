import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { ExternalClient, payBody, subscriptionBody } from '../../test/support/external-client.js';
import { until } from '../../test/support/until.js';
import { startSimulator, type Simulator, type SimulatorOptions } from './simulator.js';

interface Callback {
  readonly method: string | undefined;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

let gateway: Server;
let callbackUrl: string;
let callbacks: Callback[];
/** The statuses of the next answers; then 200. */
let answers: number[];
let simulator: Simulator;

beforeEach(async () => {
  callbacks = [];
  answers = [];
  gateway = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      callbacks.push({ method: request.method, target: request.url ?? '', headers: request.headers, body });
      response.writeHead(answers.shift() ?? 200, { location: callbackUrl }).end();
    });
  });
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  callbackUrl = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}/v3/simulator/callback`;
});

afterEach(async () => {
  await simulator.close();
  gateway.closeAllConnections();
  await new Promise((resolve) => gateway.close(resolve));
});

async function started(options: Partial<SimulatorOptions> = {}): Promise<ExternalClient> {
  simulator = await startSimulator({ port: 0, callbackUrl, callbackRetryMs: [1, 1, 1], ...options });
  return new ExternalClient(simulator.url);
}

const counts = () => simulator.report().totals.callbacks;

describe('callbacks', () => {
  it.each(['POST', 'GET'] as const)('name a subscription that lapses, by %s', async (callbackMethod) => {
    const client = await started();
    const providerData = { scenario: 'subscription-lapses', delayMs: 5, callbackMethod };
    const { body } = await client.post('/subscription/start', subscriptionBody({ providerData }));
    const token = String(body?.subscriptionToken);
    expect(body).toMatchObject({ result: 'OK' });
    await until(() => callbacks.length === 2, 'both callbacks');
    expect(callbacks.map(({ target }) => new URL(target, callbackUrl).search)).toEqual([
      `?subscriptionToken=${token}`,
      `?subscriptionToken=${token}`,
    ]);
    if (callbackMethod === 'POST') {
      expect(callbacks.map(({ body: sent }) => JSON.parse(sent) as unknown)).toEqual([
        { subscriptionToken: token, status: 'PAST_DUE' },
        { subscriptionToken: token, status: 'CANCELED' },
      ]);
    }
    expect((await client.get(`/subscription/status/${token}`)).body?.status).toBe('CANCELED');
  });

  it('are posted after a pending payment is final', async () => {
    const client = await started();
    const body = payBody({ providerData: { scenario: 'pending', delayMs: 5 } });
    const { paymentId } = (await client.post('/pay', body)).body!;
    await until(() => callbacks.length > 0, 'the callback');
    expect((await client.get(`/status?paymentId=${String(paymentId)}`)).body?.status).toBe('ACCEPTED');
    const [callback] = callbacks;
    expect(callback?.method).toBe('POST');
    expect(callback?.target).toBe(`/v3/simulator/callback?paymentId=${String(paymentId)}`);
    expect(callback?.headers['content-type']).toBe('application/json');
    const { shopTransactionId } = body;
    expect(JSON.parse(callback!.body)).toEqual({ paymentId, shopTransactionId, status: 'ACCEPTED' });
  });

  it('are sent by GET with providerData.callbackMethod', async () => {
    const client = await started();
    const providerData = { scenario: 'pending', delayMs: 0, callbackMethod: 'GET' };
    const { paymentId } = (await client.post('/pay', payBody({ providerData }))).body!;
    await until(() => callbacks.length > 0, 'the callback');
    expect(callbacks[0]).toMatchObject({ method: 'GET', body: '' });
    expect(callbacks[0]?.target).toBe(`/v3/simulator/callback?paymentId=${String(paymentId)}`);
  });

  it('are sent several times unchanged with duplicate-callback', async () => {
    const client = await started({ callbackSecrets: [SECRET] });
    await client.post('/pay', payBody({ providerData: { scenario: 'duplicate-callback', delayMs: 0 } }));
    await until(() => counts().acknowledged === 3, 'three acknowledgements');
    expect(new Set(callbacks.map(({ target }) => target)).size).toBe(1);
    expect(new Set(callbacks.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    await client.post('/pay', payBody({ providerData: { callbackTimes: 5 } }));
    await until(() => counts().acknowledged === 8, 'five more');
  });

  it('can arrive before the answer of their call', async () => {
    const client = await started();
    const answer = client.post(
      '/pay',
      payBody({ providerData: { scenario: 'slow', delayMs: 60_000, callbackTimes: 1 } }),
    );
    answer.catch(() => undefined);
    await until(() => counts().acknowledged === 1, 'the callback');
    await simulator.close();
    await expect(answer).rejects.toThrow('fetch failed');
  });

  it('are retried until they are acknowledged; a redirect does not acknowledge', async () => {
    const client = await started();
    answers = [500, 302];
    await client.post('/pay', payBody({ providerData: { scenario: 'late-success', delayMs: 0 } }));
    await until(() => counts().acknowledged === 1, 'the acknowledgement');
    expect(counts()).toMatchObject({ attempts: 3, acknowledged: 1, abandoned: 0 });
    expect(counts().lastFailure).toContain('answered 302');
  });

  it('are abandoned after the last retry, also where no server listens', async () => {
    const client = await started();
    answers = [500, 500, 500, 500];
    await client.post('/pay', payBody({ providerData: { callbackTimes: 1 } }));
    await until(() => counts().abandoned === 1, 'the end of the attempts');
    expect(callbacks).toHaveLength(4);
    await simulator.close();
    await new Promise((resolve) => gateway.close(resolve));
    const deaf = await started();
    await deaf.post('/pay', payBody({ providerData: { callbackTimes: 1 } }));
    await until(() => counts().abandoned === 1, 'the end of the attempts');
    expect(counts().lastFailure).toContain('ECONNREFUSED');
  });

  it('wait for a gateway that does not listen yet', async () => {
    const known: { url?: string } = {};
    const client = await started({
      callbackUrl: () => known.url,
      callbackRetryMs: Array.from({ length: 1_000 }, () => 10),
    });
    await client.post('/pay', payBody({ providerData: { callbackTimes: 1 } }));
    expect(counts().lastFailure).toBe('The gateway does not listen yet');
    known.url = callbackUrl;
    await until(() => counts().acknowledged === 1, 'the callback');
    expect(callbacks).toHaveLength(1);
  });

  it('are sent for a pending refund too', async () => {
    const client = await started();
    const { paymentId } = (await client.post('/pay', payBody())).body!;
    const providerData = { scenario: 'pending', delayMs: 0 };
    await client.post('/refund', { amount: 1, currency: 'EUR', paymentId, providerData });
    await until(() => callbacks.length === 1, 'the callback');
    expect(JSON.parse(callbacks[0]!.body)).toMatchObject({ paymentId });
  });
});

describe('credentials of callbacks', () => {
  it('are a signature that the reference library verifies, over the body of a POST', async () => {
    const client = await started({ callbackSecrets: [SECRET] });
    await client.post('/pay', payBody({ providerData: { callbackTimes: 1 } }));
    await until(() => callbacks.length === 1, 'the callback');
    const { body, headers } = callbacks[0]!;
    expect(() => new Webhook(SECRET).verify(body, headers as Record<string, string>)).not.toThrow();
  });

  it('are a signature over the request target of a GET', async () => {
    const client = await started({ callbackSecrets: [SECRET] });
    await client.post('/pay', payBody({ providerData: { callbackTimes: 1, callbackMethod: 'GET' } }));
    await until(() => callbacks.length === 1, 'the callback');
    const { target, headers } = callbacks[0]!;
    const verify = () => new Webhook(SECRET).verify(target, headers as Record<string, string>);
    /** The library parses what it has verified, so its only error is that the request target is not JSON. */
    expect(verify).toThrow(SyntaxError);
  });

  it('are a bearer token', async () => {
    const client = await started({ callbackBearer: 'tok' });
    await client.post('/pay', payBody({ providerData: { callbackTimes: 1 } }));
    await until(() => callbacks.length === 1, 'the callback');
    expect(callbacks[0]?.headers.authorization).toBe('Bearer tok');
  });
});
