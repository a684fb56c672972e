import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import type { CallContext, StatusQuery } from '../../src/providers/external-provider.js';
import type { HttpExternalProvider } from '../../src/providers/http-external-provider.js';
import { startSimulator } from '@tollgate/simulator';
import { payBody, subscriptionBody } from '../support/external-client.js';
import { externalConfig, httpProvider } from '../support/provider.js';
import { until } from '../support/until.js';

/*
 * The external's side of the contract (SPEC §1, §2), checked by the gateway's own client against the bundled simulator and by
 * the complete external that docs/writing-an-external.md shows.
 */

interface RunningExternal {
  readonly url: string;
  close(): Promise<void>;
}

interface ExternalUnderTest {
  readonly name: string;
  /** `providerData` by expected result. */
  readonly wish: Readonly<Record<'accept' | 'decline' | 'wait', object>>;
  readonly subscriptions: boolean;
  readonly start: (callbackUrl: string) => Promise<RunningExternal>;
}

const GUIDE = readFileSync(new URL('../../docs/writing-an-external.md', import.meta.url), 'utf8');
const SAMPLES = [...GUIDE.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1]!);

/** The sample, started as in the guide, on a free port. */
async function startSample(callbackUrl: string): Promise<RunningExternal> {
  const folder = mkdtempSync(join(tmpdir(), 'minimal-external-'));
  const file = join(folder, 'minimal-external.mjs');
  writeFileSync(file, SAMPLES[0]!);
  const child = spawn(process.execPath, [file], { env: { PORT: '0', CALLBACK_URL: callbackUrl } });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise((resolve) => child.once('close', resolve));
  await until(() => /External on port \d+/.test(output), 'the sample of the guide');
  return {
    url: `http://127.0.0.1:${/\d+/.exec(output)![0]}`,
    close: async () => {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

const EXTERNALS: readonly ExternalUnderTest[] = [
  {
    name: 'the simulator',
    wish: { accept: {}, decline: { scenario: 'decline' }, wait: { scenario: 'pending', delayMs: 50 } },
    subscriptions: true,
    start: (callbackUrl) => startSimulator({ port: 0, callbackUrl }),
  },
  {
    name: 'the external of the guide',
    wish: { accept: {}, decline: { wish: 'FAILED' }, wait: { wish: 'PENDING' } },
    subscriptions: false,
    start: startSample,
  },
];

let keys = 0;

function newContext(): CallContext {
  keys += 1;
  return { requestId: `req-${keys}`, idempotencyKey: `key-${keys}` };
}

describe.each(EXTERNALS)('$name', ({ wish, subscriptions, start }) => {
  const callbacks: string[] = [];
  const gateway = createServer((request, response) => {
    callbacks.push(request.url ?? '');
    /** The first one is not acknowledged and must be repeated. */
    response.writeHead(callbacks.length === 1 ? 503 : 200).end();
  });
  let external: RunningExternal;
  let provider: HttpExternalProvider;

  beforeAll(async () => {
    await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
    external = await start(`http://127.0.0.1:${(gateway.address() as AddressInfo).port}/callback`);
    provider = httpProvider(externalConfig({ baseUrl: external.url, statusByShopTransactionId: true }));
  });

  afterAll(async () => {
    await provider.close();
    await external.close();
    gateway.closeAllConnections();
    await new Promise((resolve) => gateway.close(resolve));
  });

  async function paid(overrides: object = {}): Promise<string> {
    const outcome = await provider.pay(payBody(overrides), newContext());
    return outcome.kind === 'completed' ? outcome.answer.paymentId! : outcome.kind;
  }

  async function statusOf(question: StatusQuery): Promise<string> {
    const outcome = await provider.status(question, newContext());
    return outcome.kind === 'completed' ? outcome.answer.status : outcome.kind;
  }

  it('executes a payment and returns its status by either id', async () => {
    const body = payBody({ providerData: wish.accept });
    const shopTransactionId = body.shopTransactionId as string;
    const outcome = await provider.pay(body, newContext());
    expect(outcome).toMatchObject({
      kind: 'completed',
      answer: { result: 'OK', paymentId: expect.any(String) },
    });
    expect(await provider.status({ shopTransactionId }, newContext())).toMatchObject({
      kind: 'completed',
      answer: { status: 'ACCEPTED', shopTransactionId, paymentId: expect.any(String) },
    });
  });

  it('returns the stored answer for a repeated Idempotency-Key and refuses the key of another request', async () => {
    const body = payBody();
    const context = newContext();
    const first = await provider.pay(body, context);
    expect(await provider.pay(body, context)).toEqual(first);
    expect(await provider.pay(payBody(), context)).toMatchObject({
      kind: 'rejected',
      reason: 'refused',
      status: 422,
    });
  });

  it('declines with an answer, not an error, and a declined order can be paid again', async () => {
    const body = payBody({ providerData: wish.decline });
    const shopTransactionId = body.shopTransactionId as string;
    expect(await provider.pay(body, newContext())).toMatchObject({
      kind: 'completed',
      answer: { result: 'KO' },
    });
    expect(await statusOf({ shopTransactionId })).toBe('FAILED');
    const paymentId = await paid({ shopTransactionId });
    expect(await statusOf({ shopTransactionId })).toBe('ACCEPTED');
    expect(await statusOf({ paymentId })).toBe('ACCEPTED');
  });

  it('sends a callback when a pending payment ends, until it is acknowledged', async () => {
    const outcome = await provider.pay(payBody({ providerData: wish.wait }), newContext());
    expect(outcome).toMatchObject({ kind: 'completed', answer: { result: 'PENDING' } });
    const paymentId = (outcome.kind === 'completed' && outcome.answer.paymentId) as string;
    await until(() => callbacks.length >= 2, 'the repeated callback');
    expect(callbacks).toEqual([`/callback?paymentId=${paymentId}`, `/callback?paymentId=${paymentId}`]);
    expect(await statusOf({ paymentId })).toBe('ACCEPTED');
  });

  it('refunds up to the amount', async () => {
    const paymentId = await paid({ amount: 500 });
    const refund = async (amount: number) => {
      const outcome = await provider.refund({ amount, currency: 'EUR', paymentId }, newContext());
      return outcome.kind === 'completed' ? outcome.answer.result : outcome.kind;
    };
    expect([await refund(200), await refund(301), await refund(300), await refund(1)]).toEqual([
      'OK',
      'KO',
      'OK',
      'KO',
    ]);
  });

  it('answers 404 for an unknown payment', async () => {
    const rejected = { kind: 'rejected', reason: 'not-found', status: 404 };
    expect(await provider.status({ paymentId: 'never' }, newContext())).toMatchObject(rejected);
    expect(await provider.status({ shopTransactionId: 'never' }, newContext())).toMatchObject(rejected);
    const refund = { amount: 1, currency: 'EUR', paymentId: 'never' };
    expect(await provider.refund(refund, newContext())).toMatchObject(rejected);
  });

  it(subscriptions ? 'keeps subscriptions' : 'answers that it does not offer subscriptions', async () => {
    const outcome = await provider.scheduleSubscription(subscriptionBody(), newContext());
    if (!subscriptions) {
      expect(outcome).toMatchObject({ kind: 'not-executed', reason: 'not-supported' });
      return;
    }
    expect(outcome).toMatchObject({
      kind: 'completed',
      answer: { result: 'OK', paymentId: expect.any(String) },
    });
    const token = (outcome.kind === 'completed' && outcome.answer.subscriptionToken) as string;
    const pay = payBody({ subscriptionInfo: { token } });
    expect(await provider.paySubscription(pay, newContext())).toMatchObject({ kind: 'completed' });
    const update = { amount: 1, currency: 'JPY' };
    expect(await provider.updateSubscription(token, update, newContext())).toMatchObject({
      kind: 'completed',
    });
    expect(await provider.expireSubscription(token, newContext())).toMatchObject({ kind: 'completed' });
    expect(await provider.subscriptionStatus(token, newContext())).toMatchObject({
      kind: 'completed',
      answer: { status: 'EXPIRED', subscriptionToken: token },
    });
  });
});

describe('the guide', () => {
  it('contains a complete external in fewer than 90 lines', () => {
    expect(SAMPLES[0]!.trim().split('\n').length).toBeLessThan(90);
  });

  it('signs callbacks so that the reference library verifies them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'callback-sample-'));
    const file = join(folder, 'sign.mjs');
    writeFileSync(file, SAMPLES[1]!);
    const sample = (await import(pathToFileURL(file).href)) as {
      callbackHeaders: (secret: string, body: string) => Record<string, string>;
    };
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const body = '{"paymentId":"p"}';
    expect(new Webhook(secret).verify(body, sample.callbackHeaders(secret, body))).toEqual({
      paymentId: 'p',
    });
    rmSync(folder, { recursive: true });
  });
});
