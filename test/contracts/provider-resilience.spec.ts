import { afterEach, describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import type { ExternalConfig } from '../../src/config/external-config.js';
import { createLog } from '../../src/observability/logging/log.js';
import type { HttpExternalProvider } from '../../src/providers/http-external-provider.js';
import { AddressGuard } from '../../src/outbound/address-guard.js';
import { Secret } from '../../src/sensitive/secret.js';
import { SystemClock } from '../../src/shared/clock.js';
import { type LogLine, LogLines } from '../support/log-lines.js';
import { context, externalConfig, httpProvider, payRequest } from '../support/provider.js';
import { answer, RawExternal, type RawExternalOptions, type Script } from '../support/raw-external.js';
import { until } from '../support/until.js';

const PAID = '{"result":"OK","paymentId":"pm_1"}';
const ACCEPTED = '{"status":"ACCEPTED","paymentId":"pm_1"}';

/** The log of a provider. */
class ProviderLog extends LogLines {
  readonly log = createLog('info', this, new SystemClock());

  get calls(): LogLine[] {
    return this.lines('external call');
  }

  get attempts(): LogLine[] {
    return this.lines('external attempt');
  }

  get circuits(): unknown[] {
    return this.lines()
      .filter(({ msg }) => msg.startsWith('circuit breaker'))
      .map(({ circuit }) => circuit);
  }
}

describe('resilience', () => {
  const opened: { close(): Promise<void> }[] = [];

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((open) => open.close()));
  });

  async function start(
    options: RawExternalOptions | Script,
    overrides: Partial<ExternalConfig> = {},
    httpLogLevel: Config['httpLogLevel'] = 'basic',
  ): Promise<{ external: RawExternal; provider: HttpExternalProvider; log: ProviderLog }> {
    const external = await RawExternal.listen(typeof options === 'function' ? { script: options } : options);
    const log = new ProviderLog();
    const config = externalConfig({ baseUrl: external.baseUrl, ...overrides });
    const provider = httpProvider(config, { log: log.log, httpLogLevel });
    // The external first: it closes the connections of waiting calls.
    opened.push(external, provider);
    return { external, provider, log };
  }

  /** Answers the n-th request with the n-th script, and all later ones with the last. */
  function inTurn(...scripts: Script[]): Script {
    let turn = 0;
    return (socket, request) => scripts[Math.min(turn++, scripts.length - 1)]!(socket, request);
  }

  const fails: Script = (socket) => answer(socket, 500);
  const resets: Script = (socket) => socket.resetAndDestroy();
  const hangs: Script = () => {};
  const pays: Script = (socket) => answer(socket, 200, PAID);
  const accepts: Script = (socket) => answer(socket, 200, ACCEPTED);

  describe('retries of state-changing operations', () => {
    it.each<[string, Script]>([
      ['5xx', fails],
      ['a reset', resets],
      ['408', (socket) => answer(socket, 408)],
      ['409', (socket) => answer(socket, 409)],
    ])('has none after %s if the key is not honoured', async (_, script) => {
      const { external, provider } = await start(script);
      expect(await provider.pay(payRequest, context)).toMatchObject({ kind: 'unknown' });
      expect(external.requests).toHaveLength(1);
    });

    it.each<[string, Script]>([
      ['5xx', fails],
      ['a reset', resets],
    ])('has two more after %s if it is, with the same key and bytes', async (_, script) => {
      const { external, provider } = await start(script, { honoursIdempotencyKey: true });
      expect(await provider.pay(payRequest, { requestId: 'req-1' })).toMatchObject({ kind: 'unknown' });
      expect(external.requests).toHaveLength(3);
      expect(new Set(external.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
      expect(new Set(external.requests.map(({ body }) => body)).size).toBe(1);
    });

    it('is answered by a later attempt', async () => {
      const { provider } = await start(inTurn(resets, fails, pays), { honoursIdempotencyKey: true });
      expect(await provider.pay(payRequest, context)).toMatchObject({ kind: 'completed' });
    });

    it.each<[string, Script]>([
      ['an answer that violates the contract', (socket) => answer(socket, 200, '{}')],
      ['a redirect', (socket) => answer(socket, 302)],
      ['a 422', (socket) => answer(socket, 422)],
      ['a 429', (socket) => answer(socket, 429)],
      ['a 401', (socket) => answer(socket, 401)],
    ])('has none after %s', async (_, script) => {
      const { external, provider } = await start(script, { honoursIdempotencyKey: true });
      await provider.pay(payRequest, context);
      expect(external.requests).toHaveLength(1);
    });

    it.each([422, 401, 429, 404])('stays unknown when a reset is followed by %d', async (status) => {
      const { external, provider } = await start(
        inTurn(resets, (socket) => answer(socket, status)),
        { honoursIdempotencyKey: true },
      );
      expect(await provider.pay(payRequest, context)).toMatchObject({ kind: 'unknown', reason: 'cut-off' });
      expect(external.requests).toHaveLength(2);
    });

    it('stays unknown when a reset is followed by no connection at all', async () => {
      const { external, provider } = await start(
        (socket) => {
          socket.resetAndDestroy();
          void external.close();
        },
        { honoursIdempotencyKey: true },
      );
      expect(await provider.pay(payRequest, context)).toMatchObject({ kind: 'unknown', reason: 'cut-off' });
      expect(external.requests).toHaveLength(1);
    });

    it('has three attempts to connect, with or without a key', async () => {
      const { external, provider, log } = await start(pays);
      await external.close();
      expect(await provider.pay(payRequest, context)).toMatchObject({ reason: 'connection-failed' });
      expect(log.attempts).toHaveLength(3);
      expect(log.calls).toMatchObject([{ attempts: 3, outcome: 'not-executed' }]);
    });
  });

  describe('retries of status queries', () => {
    it.each<[string, Script]>([
      ['5xx', fails],
      ['a reset', resets],
    ])('has two more after %s', async (_, script) => {
      const { external, provider } = await start(script);
      expect(await provider.status({ paymentId: 'pm_1' }, context)).toMatchObject({ kind: 'unknown' });
      expect(external.requests).toHaveLength(3);
    });

    it('starts two more beside one that hangs, uses the first answer, and aborts the others', async () => {
      const { external, provider, log } = await start(inTurn(hangs, hangs, accepts), { timeoutMs: 500 });
      expect(await provider.status({ paymentId: 'pm_1' }, context)).toMatchObject({ kind: 'completed' });
      expect(external.requests).toHaveLength(3);
      await until(() => external.openConnections === 1, 'the others to be cancelled');
      await until(() => log.attempts.length === 3, 'the attempts to be logged');
      expect(log.attempts.map(({ reason }) => String(reason)).toSorted((a, b) => a.localeCompare(b))).toEqual(
        ['superseded', 'superseded', 'undefined'],
      );
    });

    it('ends with the deadline when all three hang', async () => {
      const { external, provider } = await start(hangs, { timeoutMs: 300 });
      const startedAt = performance.now();
      expect(await provider.status({ paymentId: 'pm_1' }, context)).toMatchObject({ reason: 'timeout' });
      expect(performance.now() - startedAt).toBeLessThan(1_000);
      expect(external.requests).toHaveLength(3);
    });

    it('is answered by the first attempt at 80 % of the time-out', async () => {
      const first: Script = (socket) => setTimeout(() => answer(socket, 200, ACCEPTED), 800);
      const { provider, log } = await start(inTurn(first, hangs), { timeoutMs: 1_000 });
      expect(await provider.status({ paymentId: 'pm_1' }, context)).toMatchObject({ kind: 'completed' });
      expect(log.attempts[0]).toMatchObject({ attempt: 1, outcome: 'completed' });
    });

    it('starts none beside another if the concurrency limit is reached', async () => {
      const { external, provider } = await start(hangs, { timeoutMs: 200, maxConcurrency: 1 });
      expect(await provider.status({ paymentId: 'pm_1' }, context)).toMatchObject({ reason: 'timeout' });
      expect(external.requests).toHaveLength(1);
    });
  });

  describe('deadline', () => {
    it('bounds an operation, retries included', async () => {
      const slowly: Script = (socket) => setTimeout(() => answer(socket, 500), 150);
      const { external, provider } = await start(slowly, { timeoutMs: 250, honoursIdempotencyKey: true });
      const startedAt = performance.now();
      expect(await provider.pay(payRequest, context)).toMatchObject({ kind: 'unknown', reason: 'timeout' });
      expect(performance.now() - startedAt).toBeLessThan(1_000);
      expect(external.requests.length).toBeLessThanOrEqual(2);
    });

    it('closes the connection, so that nothing keeps waiting', async () => {
      const { external, provider } = await start(hangs, { timeoutMs: 100 });
      await Promise.all(Array.from({ length: 10 }, () => provider.pay(payRequest, context)));
      await until(() => external.openConnections === 0, 'the connections to be cut');
      expect(provider.health().inFlight).toBe(0);
    });

    it('never sends a request after it', async () => {
      // Accepts connections of TLS late: the request waits for one when the deadline passes.
      const { external, provider } = await start(pays, { timeoutMs: 50 });
      let free = false;
      const slow = httpProvider(
        externalConfig({ baseUrl: external.baseUrl.replace('127.0.0.1', 'late.test'), timeoutMs: 50 }),
        {
          guard: new AddressGuard({
            blockPrivateAddresses: false,
            resolve: (_name, _options, found) => {
              setTimeout(() => {
                free = true;
                found(null, [{ address: '127.0.0.1', family: 4 }]);
              }, 100);
            },
          }),
        },
      );
      opened.push(slow);
      expect(await slow.pay(payRequest, context)).toMatchObject({ reason: 'connection-failed' });
      await until(() => free, 'the name to be resolved');
      await provider.pay(payRequest, context);
      expect(external.requests).toHaveLength(1);
    });
  });

  describe('concurrency limit', () => {
    it('refuses calls above it at once', async () => {
      const { external, provider } = await start(hangs, { maxConcurrency: 3, timeoutMs: 300 });
      const calls = Array.from({ length: 3 }, () => provider.pay(payRequest, context));
      expect(provider.health().inFlight).toBe(3);
      expect(await provider.pay(payRequest, context)).toMatchObject({
        kind: 'not-executed',
        reason: 'concurrency-limit',
        retryAfterMs: 1_000,
      });
      await Promise.all(calls);
      expect(external.requests).toHaveLength(3);
      expect(provider.health().inFlight).toBe(0);
    });

    it('gives a quarter of it to background queries', async () => {
      const { provider } = await start(hangs, { maxConcurrency: 8, timeoutMs: 300 });
      const ask = () => provider.status({ paymentId: 'pm_1' }, { ...context, priority: 'background' });
      const questions = [ask(), ask()];
      expect(await ask()).toMatchObject({ kind: 'not-executed', reason: 'concurrency-limit' });
      const payments = Array.from({ length: 6 }, () => provider.pay(payRequest, context));
      expect(provider.health().inFlight).toBe(8);
      await Promise.all([...questions, ...payments]);
    });
  });

  describe('circuit breaker', () => {
    const circuitBreaker = { failures: 3, windowMs: 10_000, openMs: 150 };

    async function open(provider: HttpExternalProvider): Promise<void> {
      for (let call = 0; call < 3; call += 1) await provider.pay(payRequest, context);
      expect(provider.health().circuit).toBe('open');
    }

    it('opens, refuses with the remaining time, and closes after a probe', async () => {
      const { external, provider, log } = await start(inTurn(fails, fails, fails, pays), {
        circuitBreaker,
      });
      await open(provider);

      const refused = await provider.pay(payRequest, context);
      expect(refused).toMatchObject({ kind: 'not-executed', reason: 'circuit-open' });
      expect(refused).toHaveProperty('retryAfterMs', expect.any(Number));
      expect((refused as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(150);
      expect(external.requests).toHaveLength(3);

      await until(() => provider.health().circuit === 'half-open', 'the circuit to be half open');
      expect(await provider.pay(payRequest, context)).toMatchObject({ kind: 'completed' });
      expect(provider.health().circuit).toBe('closed');
      expect(log.circuits).toEqual(['open', 'half-open', 'closed']);
    });

    it('lets one call through while half-open, and reopens when that call fails', async () => {
      const { external, provider } = await start(fails, { circuitBreaker });
      await open(provider);
      await until(() => provider.health().circuit === 'half-open', 'the circuit to be half open');

      const ends = await Promise.all([1, 2, 3].map(() => provider.pay(payRequest, context)));
      expect(ends.map(({ kind }) => kind)).toEqual(['unknown', 'not-executed', 'not-executed']);
      expect(external.requests).toHaveLength(4);
      expect(provider.health().circuit).toBe('open');
    });

    it('lets status queries through, whose answers do not close it', async () => {
      const { provider } = await start(
        (socket, { method }) => (method === 'GET' ? answer(socket, 200, ACCEPTED) : answer(socket, 503)),
        { circuitBreaker: { ...circuitBreaker, openMs: 60_000 } },
      );
      await open(provider);
      for (let call = 0; call < 3; call += 1) {
        expect(await provider.status({ paymentId: 'pm_1' }, context)).toMatchObject({ kind: 'completed' });
      }
      expect(await provider.pay(payRequest, context)).toMatchObject({ reason: 'circuit-open' });
    });

    it('opens although status queries are answered in between', async () => {
      const { provider } = await start(
        (socket, { method }) => (method === 'GET' ? answer(socket, 200, ACCEPTED) : answer(socket, 503)),
        { circuitBreaker },
      );
      for (let call = 0; call < 3; call += 1) {
        await provider.pay(payRequest, context);
        await provider.status({ paymentId: 'pm_1' }, context);
      }
      expect(provider.health().circuit).toBe('open');
    });

    it('opens after status queries without a connection', async () => {
      const { external, provider } = await start(accepts, { circuitBreaker });
      await external.close();
      for (let call = 0; call < 3; call += 1) await provider.status({ paymentId: 'pm_1' }, context);
      expect(provider.health().circuit).toBe('open');
    });

    it.each([422, 429, 404, 401, 409, 302])(
      'stays closed at %d, which proves that the external lives',
      async (status) => {
        const { external, provider } = await start((socket) => answer(socket, status), { circuitBreaker });
        for (let call = 0; call < 5; call += 1) await provider.pay(payRequest, context);
        expect(external.requests).toHaveLength(5);
      },
    );
  });

  it('does not affect one external while another hangs', async () => {
    const hanging = await start(hangs, { timeoutMs: 10_000, maxConcurrency: 500 });
    const healthy = await start(pays);
    const waiting = Array.from({ length: 200 }, () => hanging.provider.pay(payRequest, context));
    for (let call = 0; call < 20; call += 1) {
      expect(await healthy.provider.pay(payRequest, context)).toMatchObject({ kind: 'completed' });
    }
    expect(hanging.provider.health().inFlight).toBe(200);
    await hanging.external.close();
    await Promise.all(waiting);
  });

  describe('a token that the external refuses', () => {
    async function withTokens(script: Script): Promise<Awaited<ReturnType<typeof start>>> {
      let tokens = 0;
      const issuer = await RawExternal.listen({
        script: (socket) =>
          answer(
            socket,
            200,
            JSON.stringify({ access_token: `t${++tokens}`, token_type: 'Bearer', expires_in: 60 }),
          ),
      });
      opened.push(issuer);
      return start(script, {
        auth: {
          type: 'oauth2-client-credentials',
          tokenUrl: `${issuer.baseUrl}/token`,
          clientId: 'id',
          clientSecret: new Secret('secret'),
          scope: undefined,
          audience: undefined,
        },
      });
    }

    it('is renewed once, and the request is resent with the same key', async () => {
      const { external, provider } = await withTokens((socket, { headers }) =>
        headers['authorization'] === 'Bearer t2' ? answer(socket, 200, PAID) : answer(socket, 401),
      );
      expect(await provider.pay(payRequest, context)).toMatchObject({ kind: 'completed' });
      expect(
        external.requests.map(({ headers }) => [headers['authorization'], headers['idempotency-key']]),
      ).toEqual([
        ['Bearer t1', 'key-1'],
        ['Bearer t2', 'key-1'],
      ]);
    });

    it('is not renewed twice', async () => {
      const { external, provider } = await withTokens((socket) => answer(socket, 401));
      expect(await provider.pay(payRequest, context)).toMatchObject({
        kind: 'not-executed',
        reason: 'credentials-refused',
      });
      expect(external.requests).toHaveLength(2);
    });
  });

  it('reports its last answer and its last failure', async () => {
    const { provider } = await start(inTurn(pays, fails));
    expect(provider.health()).toMatchObject({ lastSuccessAt: undefined, lastFailureAt: undefined });
    await provider.pay(payRequest, context);
    await provider.pay(payRequest, context);
    expect(provider.health()).toEqual({
      circuit: 'closed',
      inFlight: 0,
      lastSuccessAt: expect.any(Number),
      lastFailureAt: expect.any(Number),
      lastFailure: 'server-error: The external answered 500.',
      latency: { calls: 2, p50Ms: expect.any(Number), p95Ms: expect.any(Number) },
      lastHour: { calls: 2, failed: 1, p95Ms: expect.any(Number) },
    });
  });

  const refuses: Script = (socket) =>
    answer(socket, 422, '{"detail":"4111111111111111"}', {
      'set-cookie': 'session=s3cret',
      'content-type': 'application/json',
    });

  it('logs calls and attempts without secrets', async () => {
    const auth = { type: 'bearer', token: new Secret('s3cret') } as const;
    const { provider, log } = await start(refuses, { auth }, 'body');
    await provider.pay({ ...payRequest, providerData: { token: 's3cret' } }, context);

    expect(log.attempts).toMatchObject([
      { external: 'acme', operation: 'pay', method: 'POST', path: '/pay', status: 422, outcome: 'rejected' },
    ]);
    expect(log.calls).toMatchObject([
      { attempts: 1, outcome: 'rejected', reason: 'refused', requestId: 'req-1' },
    ]);
    expect(log.attempts[0]).toMatchObject({
      requestHeaders: { authorization: '***', 'idempotency-key': 'key-1' },
      responseHeaders: { 'set-cookie': '***' },
      requestBody: { amount: 1_299, providerData: '***' },
      responseBody: { detail: '************1111' },
    });
    expect(log.text).not.toContain('s3cret');
  });

  it('logs no bodies at level headers', async () => {
    const { provider, log } = await start(refuses, {}, 'headers');
    await provider.pay(payRequest, context);
    expect(log.attempts[0]).toHaveProperty('requestHeaders');
    expect(log.attempts[0]).not.toHaveProperty('requestBody');
  });

  describe('during shutdown of the gateway', () => {
    it('ends calls in flight like a time-out and refuses further ones', async () => {
      const { external, provider } = await start(() => {}, { timeoutMs: 60_000 });
      const calls = [provider.pay(payRequest, context), provider.status({ paymentId: 'pm_1' }, context)];
      await until(() => external.requests.length === 2, 'both to be under way');
      provider.cut();
      expect(await Promise.all(calls)).toMatchObject([
        { kind: 'unknown', reason: 'timeout' },
        { kind: 'unknown', reason: 'timeout' },
      ]);
      expect(await provider.pay(payRequest, context)).toMatchObject({ reason: 'shutting-down' });
      await provider.close();
      await until(() => external.openConnections === 0, 'the sockets to be closed');
    });

    it('waits for callers’ calls, and not for background queries', async () => {
      let answerNow = (): void => {};
      const { external, provider } = await start(
        (socket, { method }) => {
          if (method === 'POST') answerNow = () => answer(socket, 200, PAID);
        },
        { timeoutMs: 60_000 },
      );
      const paying = provider.pay(payRequest, context);
      const asking = provider.status({ paymentId: 'pm_1' }, { ...context, priority: 'background' });
      await until(() => external.requests.length === 2, 'both to be under way');
      const closing = provider.close();
      expect(await asking).toMatchObject({ kind: 'unknown', reason: 'timeout' });
      answerNow();
      expect(await paying).toMatchObject({ kind: 'completed' });
      await closing;
    });
  });
});
