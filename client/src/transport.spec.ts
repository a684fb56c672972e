import type { ServerResponse } from 'node:http';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startStubExternal, type StubExternal } from '../../test/support/stub-external.js';
import { type External, Tollgate, TollgateError, type TollgateOptions } from './index.js';
import { memberOf } from './admin.js';
import { sleep, type Sleep, within } from './waiting.js';

/** Sends one answer; with `undefined` the connection is cut. */
type Script = { status: number; body?: object | string; headers?: Record<string, string> } | undefined;

interface OpenApi {
  paths: Record<
    string,
    Record<string, { responses: Record<number, { content: Record<string, { schema: { $ref: string } }> }> }>
  >;
  components: { schemas: Record<string, { required?: string[]; oneOf?: unknown[] }> };
}

const ORDER = { amount: 1299, currency: 'EUR', shopTransactionId: 'order-1' } as const;
const OK: Script = { status: 200, body: { result: 'OK', paymentId: 'pm_1' } };

function problem(status: number, code: string, outcome?: string, retryAfter?: string): Script {
  return {
    status,
    body: { type: `/problems/${code}`, code, detail: 'A detail.', status, outcome, requestId: 'req_1' },
    headers: {
      'content-type': 'application/problem+json',
      ...(retryAfter !== undefined && { 'retry-after': retryAfter }),
    },
  };
}

describe('Transport', () => {
  let server: StubExternal;
  let waits: number[];

  beforeEach(async () => {
    server = await startStubExternal();
    waits = [];
  });
  afterEach(() => server.close());

  /** One answer after the other, the last one for all that follow. */
  function answers(...scripts: readonly Script[]): void {
    let next = 0;
    server.behave((_, response) => {
      const script = scripts[Math.min(next++, scripts.length - 1)];
      return script ? answer(response, script) : void response.destroy();
    });
  }

  function answer(
    response: ServerResponse,
    { status, body = {}, headers = {} }: NonNullable<Script>,
  ): undefined {
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  function external(options: Partial<TollgateOptions> = {}): External {
    const sleep = async (ms: number): Promise<void> => void waits.push(ms);
    return new Tollgate({ baseUrl: server.url, sleep, ...options }).external('acme');
  }

  async function failureOf(call: Promise<unknown>): Promise<TollgateError> {
    const error: unknown = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof TollgateError)) throw new Error('not a TollgateError', { cause: error });
    return error;
  }

  const keys = (): unknown[] => server.requests.map(({ headers }) => headers['idempotency-key']);

  it('sends a call as the contract wants it', async () => {
    answers(OK);
    const options = { apiKey: 'secret', headers: async () => ({ 'X-Team': 'shop' }) };
    expect(await external(options).pay(ORDER, { requestId: 'req-7' })).toEqual(OK.body);
    expect(server.requests).toMatchObject([
      {
        method: 'POST',
        url: '/v3/acme/pay',
        headers: {
          'content-type': 'application/json',
          'x-api-key': 'secret',
          'x-request-id': 'req-7',
          'x-team': 'shop',
          'idempotency-key': expect.stringMatching(/^[0-9a-f]{32}$/),
        },
        body: JSON.stringify(ORDER),
      },
    ]);
  });

  it('makes a key for each call, and sends the one that is given', async () => {
    answers(OK);
    const acme = external();
    await acme.pay(ORDER);
    await acme.pay(ORDER);
    await acme.pay(ORDER, { idempotencyKey: 'order-1/try-1' });
    const [one, two, three] = keys();
    expect(one).not.toBe(two);
    expect(three).toBe('order-1/try-1');
  });

  it('encodes what it puts into paths and queries', async () => {
    answers({ status: 200, body: { status: 'ACCEPTED', providerName: 'acme' } });
    const acme = external();
    await acme.status({ shopTransactionId: 'a&b=ü /1' });
    await acme.subscriptionStatus('sub/1?x');
    expect(server.requests.map(({ url }) => url)).toEqual([
      '/v3/acme/status?shopTransactionId=a%26b%3D%C3%BC+%2F1',
      '/v3/acme/subscription/status/sub%2F1%3Fx',
    ]);
    expect(keys()).toEqual([undefined, undefined]);
  });

  it('waits as long as Retry-After says, and some more, before it repeats what was not executed', async () => {
    answers(
      problem(503, 'overloaded', 'not-executed', '3'),
      problem(429, 'rate-limited', 'not-executed', '1'),
      OK,
    );
    expect(await external().pay(ORDER)).toEqual(OK.body);
    expect(waits).toHaveLength(2);
    expect(waits[0]).toBeGreaterThanOrEqual(3_000);
    expect(waits[0]).toBeLessThanOrEqual(3_500);
    expect(waits[1]).toBeGreaterThanOrEqual(1_000);
    expect(waits[1]).toBeLessThanOrEqual(2_000);
    expect(new Set(keys()).size).toBe(1);
  });

  it.each([
    ['a refusal without Retry-After', problem(422, 'refund-exceeds-payment', 'not-executed')],
    ['a Retry-After that is too long', problem(503, 'provider-unavailable', 'not-executed', '31')],
    ['a duplicate of a payment that runs', problem(409, 'duplicate-payment', 'unknown', '1')],
  ])('does not repeat %s', async (_, script) => {
    answers(script);
    expect(await failureOf(external().pay(ORDER))).toMatchObject({ status: script!.status });
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['an unknown outcome', problem(504, 'provider-timeout', 'unknown')],
    ['a running request with the same key', problem(409, 'idempotency-conflict', 'unknown', '1')],
    ['an answer of a proxy', { status: 502, body: '<html>Bad Gateway</html>' }],
    ['a connection that was cut', undefined],
    ['a 2xx that is not JSON', { status: 200, body: 'welcome' }],
    ['a 2xx of a proxy', { status: 200, body: { status: 'maintenance' } }],
    ['a 2xx that is a list', { status: 200, body: [] }],
    ['a refusal of a proxy', { status: 403, body: { code: 'waf', detail: 'blocked' } }],
    [
      'a refusal of a proxy with a code of Tollgate',
      { status: 403, body: { code: 'forbidden', detail: 'no' } },
    ],
    ['a problem document of a proxy', problem(403, 'waf')],
  ])('repeats with the same key after %s', async (_, script) => {
    answers(script, OK);
    expect(await external().pay(ORDER)).toEqual(OK.body);
    expect(keys()).toHaveLength(2);
    expect(new Set(keys()).size).toBe(1);
    expect(server.requests[0]!.body).toBe(server.requests[1]!.body);
  });

  it('gives up after two retries, with bounded waits, and names the key', async () => {
    answers(problem(504, 'provider-timeout', 'unknown'));
    const failure = await failureOf(external().pay(ORDER));
    expect(failure).toMatchObject({
      code: 'provider-timeout',
      outcome: 'unknown',
      status: 504,
      idempotencyKey: keys()[0],
      requestId: 'req_1',
      problem: { detail: 'A detail.' },
    });
    expect(failure.message).toBe('provider-timeout (unknown): A detail.');
    expect(keys()).toHaveLength(3);
    expect(waits[0]).toBeLessThanOrEqual(500);
    expect(waits[1]).toBeLessThanOrEqual(1_000);
  });

  it('stays unknown where a retry was not executed: the first attempt may have been', async () => {
    answers(undefined, problem(403, 'forbidden', 'not-executed'));
    expect(await failureOf(external().pay(ORDER))).toMatchObject({ code: 'forbidden', outcome: 'unknown' });
  });

  it('repeats reads after failures of servers and connections, not after refusals', async () => {
    const found: Script = { status: 200, body: { status: 'ACCEPTED', providerName: 'acme' } };
    answers(undefined, problem(502, 'provider-error'), found);
    expect(await external().status({ paymentId: 'pm_1' })).toEqual(found.body);
    answers(problem(404, 'payment-not-found'));
    const failure = await failureOf(external().status({ paymentId: 'pm_1' }));
    expect([failure.code, failure.outcome]).toEqual(['payment-not-found', undefined]);
    expect(server.requests).toHaveLength(4);
  });

  it('never repeats a change without a key, unless Tollgate says that nothing happened', async () => {
    answers(problem(500, 'internal-error'));
    const { admin } = new Tollgate({ baseUrl: server.url });
    const resolution = { path: { id: 'pay_1' }, body: { status: 'FAILED', reason: 'a ticket' } } as const;
    expect(await failureOf(admin.post('/admin/payments/{id}/resolve', resolution))).toMatchObject({
      status: 500,
    });
    expect(server.requests.map(({ url }) => url)).toEqual(['/admin/payments/pay_1/resolve']);
    expect(keys()).toEqual([undefined]);
  });

  it('ends an attempt that takes too long, and repeats it', async () => {
    let first = true;
    server.behave((_, response) => {
      if (!first) return answer(response, OK);
      first = false;
      response.writeHead(200).write('{');
      return undefined;
    });
    expect(await external({ timeoutMs: 200, retry: { maxRetries: 100 } }).pay(ORDER)).toEqual(OK.body);
    expect(new Set(keys()).size).toBe(1);
  });

  it('reports a call that was aborted while it ran as unknown, one that was not sent as not executed', async () => {
    const aborting = new AbortController();
    server.behave(() => {
      aborting.abort(new Error('the page was closed'));
      return undefined;
    });
    const failure = await failureOf(external().pay(ORDER, { signal: aborting.signal }));
    expect(failure).toMatchObject({ code: 'aborted', outcome: 'unknown', idempotencyKey: keys()[0] });
    expect(failure.cause).toMatchObject({ message: 'the page was closed' });
    expect(await failureOf(external().pay(ORDER, { signal: aborting.signal }))).toMatchObject({
      code: 'aborted',
      outcome: 'not-executed',
    });
    expect(server.requests).toHaveLength(1);
  });

  it('ends a wait before a retry when the signal is aborted', async () => {
    answers(problem(503, 'overloaded', 'not-executed', '20'));
    const aborting = new AbortController();
    const sleeping: Sleep = (ms, signal) => {
      setImmediate(() => aborting.abort());
      return sleep(ms, signal);
    };
    const call = external({ sleep: sleeping }).pay(ORDER, { signal: aborting.signal });
    expect(await failureOf(call)).toMatchObject({ code: 'aborted', outcome: 'not-executed', status: 503 });
    expect(server.requests).toHaveLength(1);
  });

  it('knows that nothing was executed where no connection was made', async () => {
    await server.close();
    const failure = await failureOf(external({ retry: { maxRetries: 0 } }).pay(ORDER));
    expect(failure).toMatchObject({ code: 'connection-failed', outcome: 'not-executed' });
  });

  it('repeats where no connection was made, or no access token was there', async () => {
    answers(undefined, OK);
    let calls = 0;
    const headers = async (): Promise<Record<string, string>> => {
      calls += 1;
      if (calls === 1) throw new Error('the issuer is away');
      return { Authorization: 'Bearer token' };
    };
    expect(await external({ headers }).pay(ORDER)).toEqual(OK.body);
    expect(calls).toBe(3);
    expect(new Set(keys()).size).toBe(1);
  });

  it('keeps the outcome of an earlier attempt where a later one has no headers', async () => {
    answers(undefined);
    let calls = 0;
    const headers = (): Record<string, string> => {
      if (calls++ > 0) throw new Error('the issuer is away');
      return {};
    };
    const failure = await failureOf(external({ headers, retry: { maxRetries: 1 } }).pay(ORDER));
    expect(failure).toMatchObject({
      code: 'connection-failed',
      outcome: 'unknown',
      idempotencyKey: keys()[0],
    });
    expect(failure.cause).toMatchObject({ message: 'the issuer is away' });
  });

  it('takes a failure of Tollgate itself for unknown', async () => {
    answers(problem(500, 'internal-error'));
    expect(await failureOf(external().pay(ORDER))).toMatchObject({
      code: 'internal-error',
      outcome: 'unknown',
    });
    expect(keys()).toHaveLength(3);
  });

  it('throws what JSON cannot express to the caller, and sends nothing', async () => {
    const order = { ...ORDER, providerData: { big: 2n ** 64n } };
    await expect(external().pay(order)).rejects.toThrow(TypeError);
    expect(server.requests).toHaveLength(0);
  });

  it('does not follow redirects', async () => {
    answers({ status: 302, headers: { location: '/elsewhere' } });
    const failure = await failureOf(external({ retry: { maxRetries: 0 } }).pay(ORDER));
    expect(failure).toMatchObject({ code: 'unexpected-answer', outcome: 'unknown', status: 302 });
    expect(failure.detail).toBe('The request was redirected.');
    expect(server.requests).toHaveLength(1);
  });

  it('reports what a proxy answers as unexpected and unknown', async () => {
    answers({ status: 200, body: { status: 'maintenance' } });
    const unexpected = { code: 'unexpected-answer', outcome: 'unknown', status: 200 };
    expect(await failureOf(external().pay(ORDER))).toMatchObject({
      ...unexpected,
      idempotencyKey: keys()[0],
    });
    expect(keys()).toHaveLength(3);
    answers({ status: 403, body: { code: 'waf', detail: 'blocked' } });
    expect(await failureOf(external().pay(ORDER))).toMatchObject({ ...unexpected, status: 403 });
  });

  it('repeats a read, and goes on waiting, after a 2xx of a proxy', async () => {
    const found = { status: 'ACCEPTED', providerName: 'acme' };
    answers({ status: 200, body: { status: 'maintenance' } }, { status: 200, body: found });
    expect(await external().status({ paymentId: 'pm_1' })).toEqual(found);
    answers({ status: 200, body: { status: 'maintenance' } }, { status: 200, body: found });
    expect(await external({ retry: { maxRetries: 0 } }).waitForPayment('pm_1')).toEqual(found);
  });

  it('ends headers that hang, and knows that nothing was sent', async () => {
    const headers = (): Promise<Record<string, string>> => new Promise(() => {});
    const notExecuted = { outcome: 'not-executed', status: undefined };
    const late = external({ headers, timeoutMs: 1 });
    expect(await failureOf(late.pay(ORDER))).toMatchObject({ ...notExecuted, code: 'timeout' });
    expect(waits).toHaveLength(2);
    const aborting = new AbortController();
    const call = external({ headers }).pay(ORDER, { signal: aborting.signal });
    aborting.abort();
    expect(await failureOf(call)).toMatchObject({ ...notExecuted, code: 'aborted' });
    expect(server.requests).toHaveLength(0);
  });

  it.each([Infinity, 2 ** 31])('takes a time limit of %s for a long one', async (timeoutMs) => {
    server.behave((_, response) => void setImmediate(() => answer(response, OK)));
    const retry = { maxRetries: 0 };
    expect(await external({ timeoutMs, retry }).pay(ORDER)).toEqual(OK.body);
    const timer = jest.spyOn(globalThis, 'setTimeout');
    try {
      within(timeoutMs, undefined).clear();
      expect(timer.mock.calls.map(([, ms]) => ms)).toEqual([2 ** 31 - 1]);
    } finally {
      timer.mockRestore();
    }
  });

  it('takes the default for what is undefined', async () => {
    answers(problem(504, 'provider-timeout', 'unknown'));
    const retry = { maxRetries: undefined } as unknown as { maxRetries: number };
    await failureOf(external({ retry }).pay(ORDER));
    expect(server.requests).toHaveLength(3);
  });

  it.each([{ apiKey: 'a\nb' }, { apiKey: 'schlüssel→' }, { timeoutMs: NaN }, { timeoutMs: 0 }])(
    'refuses %j at construction',
    (options) => {
      expect(() => external(options)).toThrow(TypeError);
    },
  );

  it('knows a member of every answer of the admin API', () => {
    const document = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as OpenApi;
    for (const [path, operations] of Object.entries(document.paths).filter(([path]) =>
      path.startsWith('/admin'),
    ))
      for (const { responses } of Object.values(operations)) {
        const { $ref } = responses[200]!.content['application/json']!.schema;
        const { required = [], oneOf } = document.components.schemas[$ref.split('/').at(-1)!]!;
        if (!oneOf) expect([path, required]).toEqual([path, expect.arrayContaining([memberOf(path)])]);
      }
  });

  it('refuses a relative URL outside a browser', () => {
    expect(() => new Tollgate({ baseUrl: '/payments' })).toThrow(TypeError);
  });
});
