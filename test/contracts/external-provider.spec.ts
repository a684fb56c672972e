import { afterEach, describe, expect, it } from '@jest/globals';
import type { ExternalConfig } from '../../src/config/external-config.js';
import type { CallContext } from '../../src/providers/external-provider.js';
import type { HttpExternalProvider } from '../../src/providers/http-external-provider.js';
import { OPERATION_NAMES, OPERATIONS, type OperationName } from '../../src/config/external-operation.js';
import type { ProviderOutcome } from '../../src/providers/provider-outcome.js';
import { Secret } from '../../src/sensitive/secret.js';
import { context, externalConfig, httpProvider, payRequest } from '../support/provider.js';
import { answer, RawExternal, type Script } from '../support/raw-external.js';
import { until } from '../support/until.js';

const PAID = '{"result":"OK","paymentId":"pm_1"}';
const SUBSCRIBED = '{"result":"OK","paymentId":"pm_1","subscriptionToken":"sub_1"}';

type Ask = (
  provider: HttpExternalProvider,
  body: object,
  context: CallContext,
) => Promise<ProviderOutcome<object>>;

/** Each operation: the call, the expected request target, the external's answer. */
const ALL: Readonly<Record<OperationName, { ask: Ask; target: string; reply: string }>> = {
  pay: { ask: (p, body, c) => p.pay(body, c), target: '/base/pay', reply: PAID },
  'pay-by-link': {
    ask: (p, body, c) => p.payByLink(body, c),
    target: '/base/pay-by-link',
    reply: '{"result":"OK","paymentId":"pm_1","link":"https://pay.example/l/1"}',
  },
  refund: {
    ask: (p, body, c) => p.refund(body, c),
    target: '/base/refund',
    reply: '{"result":"PENDING","refundId":"re_1","metadata":{"a":1}}',
  },
  'refund/status': {
    ask: (p, _, c) => p.refundStatus({ paymentId: 'pm 1', by: { refundId: 're/1&x=y' } }, c),
    target: '/base/refund/status?paymentId=pm%201&refundId=re%2F1%26x%3Dy',
    reply: '{"status":"FAILED","refundId":"re/1&x=y","paymentId":"pm 1","amount":5,"currency":"EUR"}',
  },
  cancel: { ask: (p, body, c) => p.cancel(body, c), target: '/base/cancel', reply: '{"result":"OK"}' },
  status: {
    ask: (p, _, c) => p.status({ paymentId: 'pm 1/ü&x=y' }, c),
    target: '/base/status?paymentId=pm%201%2F%C3%BC%26x%3Dy',
    reply: '{"status":"ACCEPTED","paymentId":"pm 1/ü&x=y","metadata":[1],"action":null}',
  },
  'subscription/schedule': {
    ask: (p, body, c) => p.scheduleSubscription(body, c),
    target: '/base/subscription/schedule',
    reply: SUBSCRIBED,
  },
  'subscription/start': {
    ask: (p, body, c) => p.startSubscription(body, c),
    target: '/base/subscription/start',
    reply: SUBSCRIBED,
  },
  'subscription/pay': {
    ask: (p, body, c) => p.paySubscription(body, c),
    target: '/base/subscription/pay',
    reply: SUBSCRIBED,
  },
  'subscription/update': {
    ask: (p, body, c) => p.updateSubscription('a/b?c#d %2e', body, c),
    target: '/base/subscription/update/a%2Fb%3Fc%23d%20%252e',
    reply: '{"result":"OK","subscriptionToken":"sub_1"}',
  },
  'subscription/status': {
    ask: (p, _, c) => p.subscriptionStatus('sub_1', c),
    target: '/base/subscription/status/sub_1',
    reply: '{"status":"ACTIVE","subscriptionToken":"sub_1"}',
  },
  'subscription/expire': {
    ask: (p, _, c) => p.expireSubscription('sub_1', c),
    target: '/base/subscription/expire/sub_1',
    reply: '{"result":"OK"}',
  },
};

describe('an external behind HTTP', () => {
  const opened: { close(): Promise<void> }[] = [];

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((open) => open.close()));
  });

  async function start(
    script: Script,
    overrides: Partial<ExternalConfig> = {},
  ): Promise<{ external: RawExternal; provider: HttpExternalProvider }> {
    const external = await RawExternal.listen({ script });
    const operations = { 'refund/status': true, cancel: true };
    const provider = httpProvider(externalConfig({ baseUrl: external.baseUrl, operations, ...overrides }));
    opened.push(external, provider);
    return { external, provider };
  }

  describe.each(OPERATION_NAMES)('%s', (name) => {
    const { ask, target, reply } = ALL[name];
    const { method, changesState } = OPERATIONS[name];
    const body = {
      ...payRequest,
      providerData: { deep: [{ 'a.b': [null, 1.5, '\u2028', { __proto__x: {} }] }] },
    };

    it('receives the same method, path, query and JSON; its answer is read by the contract', async () => {
      const { external, provider } = await start((socket) => answer(socket, 200, reply));
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

      const outcome = await ask(provider, body, { ...context, traceparent });

      const { action: _, ...expected } = JSON.parse(reply) as Record<string, unknown>;
      expect(outcome).toMatchObject({ kind: 'completed', answer: expected });
      const [request] = external.requests;
      expect(request).toMatchObject({ method, target, headers: { 'x-request-id': 'req-1', traceparent } });
      if (method === 'POST') {
        expect(JSON.parse(request!.body)).toEqual(body);
        expect(request!.headers['content-type']).toBe('application/json');
      } else {
        expect(request!.body).toBe('');
        expect(request!.headers['content-type']).toBeUndefined();
      }
      expect(request!.headers['idempotency-key']).toBe(changesState ? 'key-1' : undefined);
    });

    it('is not called for a disabled operation', async () => {
      const { external, provider } = await start(() => {}, { operations: { [name]: false } });

      expect(await ask(provider, body, context)).toMatchObject({
        kind: 'not-executed',
        reason: 'not-supported',
      });
      expect(external.connections).toBe(0);
    });

    it('is not called after close', async () => {
      const { external, provider } = await start(() => {});
      await provider.close();

      expect(await ask(provider, body, context)).toMatchObject({
        kind: 'not-executed',
        reason: 'shutting-down',
      });
      expect(external.connections).toBe(0);
    });
  });

  it('receives a new generated key for each call without a key of the caller', async () => {
    const { external, provider } = await start((socket) => answer(socket, 200, PAID));
    for (const _ of [1, 2]) await provider.pay(payRequest, { requestId: 'req-1' });

    const [first, second] = external.requests.map(({ headers }) => headers['idempotency-key']);
    expect(first).toMatch(/^idk_/);
    expect(second).toMatch(/^idk_/);
    expect(first).not.toBe(second);
  });

  it('is queried by the shop’s id if the payment’s id is unknown', async () => {
    const { external, provider } = await start((socket) => answer(socket, 404, '{}'));
    await provider.status({ shopTransactionId: 'order 1' }, context);
    expect(external.requests[0]!.target).toBe('/base/status?shopTransactionId=order%201');
  });

  it('is queried by the key of the operation if the refund’s id is unknown', async () => {
    const { external, provider } = await start((socket) => answer(socket, 404, '{}'));
    await provider.refundStatus({ paymentId: 'pm_1', by: { idempotencyKey: 'key 1' } }, context);
    expect(external.requests[0]!.target).toBe('/base/refund/status?paymentId=pm_1&idempotencyKey=key%201');
  });

  it('is not queried about a refund unless its configuration offers it', async () => {
    const { external, provider } = await start(() => {}, { operations: {} });
    const outcome = await provider.refundStatus({ by: { refundId: 're_1' } }, context);
    expect(outcome).toMatchObject({ kind: 'not-executed', reason: 'not-supported' });
    expect(external.connections).toBe(0);
  });

  it.each<[string, string, (provider: HttpExternalProvider) => Promise<unknown>]>([
    [
      'refundId',
      '{"status":"ACCEPTED","refundId":"re_2"}',
      (p) => p.refundStatus({ paymentId: 'pm_1', by: { refundId: 're_1' } }, context),
    ],
    [
      'paymentId',
      '{"status":"ACCEPTED","paymentId":"pm_2"}',
      (p) => p.refundStatus({ paymentId: 'pm_1', by: { idempotencyKey: 'key-1' } }, context),
    ],
    [
      'paymentId',
      '{"status":"ACCEPTED","paymentId":"pm_2"}',
      (p) => p.status({ paymentId: 'pm_1' }, context),
    ],
    [
      'shopTransactionId',
      '{"status":"ACCEPTED","paymentId":"pm_1","shopTransactionId":"order-2"}',
      (p) => p.status({ shopTransactionId: 'order-1' }, context),
    ],
    [
      'subscriptionToken',
      '{"status":"ACTIVE","subscriptionToken":"sub_2"}',
      (p) => p.subscriptionStatus('sub_1', context),
    ],
  ])('violates the contract if it answers about another %s', async (name, reply, ask) => {
    const { provider } = await start((socket) => answer(socket, 200, reply));
    expect(await ask(provider)).toMatchObject({
      kind: 'unknown',
      reason: 'invalid-answer',
      detail: expect.stringContaining(name) as unknown,
    });
  });

  it.each(['.', '..'])('is not called for the token %s, which is a path segment', async (token) => {
    const { external, provider } = await start(() => {});
    expect(await provider.expireSubscription(token, context)).toMatchObject({ kind: 'not-executed' });
    expect(external.connections).toBe(0);
  });

  it.each<[ExternalConfig['auth'], string, string]>([
    [{ type: 'bearer', token: new Secret('s3cret') }, 'authorization', 'Bearer s3cret'],
    [{ type: 'basic', username: 'me', password: new Secret('pass') }, 'authorization', 'Basic bWU6cGFzcw=='],
    [{ type: 'header', name: 'X-Key', value: new Secret('s3cret') }, 'x-key', 's3cret'],
  ])('receives the credentials of %j', async (auth, name, value) => {
    const { external, provider } = await start((socket) => answer(socket, 200, PAID), { auth });
    await provider.pay(payRequest, context);
    expect(external.requests[0]!.headers[name]).toBe(value);
  });

  it('is called over keep-alive connections', async () => {
    const { external, provider } = await start((socket) => answer(socket, 200, PAID));
    for (let call = 0; call < 10; call += 1) await provider.pay(payRequest, context);
    // A second one, because the first is free only in the next turn of the event loop.
    expect(external.connections).toBeLessThanOrEqual(2);
  });

  it('is not called over a connection that it announced to close soon', async () => {
    const { external, provider } = await start((socket) =>
      answer(socket, 200, PAID, { connection: 'keep-alive', 'keep-alive': 'timeout=2' }),
    );
    for (let call = 0; call < 3; call += 1) await provider.pay(payRequest, context);
    expect(external.connections).toBe(3);
  });

  it('closes its sockets after the last call', async () => {
    const { external, provider } = await start((socket) => setTimeout(() => answer(socket, 200, PAID), 50));
    const call = provider.pay(payRequest, context);
    const closed = provider.close();
    expect(await call).toMatchObject({ kind: 'completed' });
    await closed;
    await until(() => external.openConnections === 0, 'the sockets to be closed');
  });
});
