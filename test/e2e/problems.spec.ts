import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { PROBLEM_CATALOGUE } from '../../src/http/problem-catalogue.js';
import { PROBLEM_CODES, type ProblemCode } from '../../src/problems/problem.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import {
  answerJson,
  answerOk,
  startStubExternal,
  type StubBehaviour,
  type StubExternal,
} from '../support/stub-external.js';

/** Every row of SPEC §3 that a caller without credentials can reach, on a real socket. */

let external: StubExternal;
let gateway: Gateway;
let count = 0;
const pay = (more: object = {}): object => ({
  amount: 1,
  currency: 'EUR',
  shopTransactionId: `o-${(count += 1)}`,
  ...more,
});
const payRaw = (
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<Response> => fetch(`${gateway.url}/v3/acme/pay`, { method: 'POST', body, headers });
const sentFor = async (body: string): Promise<unknown[]> => {
  const response = await payRaw(body);
  const document = (await response.json()) as Record<string, unknown>;
  return [response.status, document['code'], document['outcome']];
};

beforeAll(async () => {
  external = await startStubExternal();
  const common = { baseUrl: external.url, timeoutMs: 400, circuitBreaker: { failures: 10_000 } };
  gateway = await startGateway({
    externals: [
      { externalService: 'acme', ...common },
      { externalService: 'narrow', ...common, operations: { refund: false } },
      { externalService: 'gone', ...common, baseUrl: 'http://127.0.0.1:9' },
      { externalService: 'single', ...common, maxConcurrency: 1 },
      { externalService: 'fragile', ...common, circuitBreaker: { failures: 1, openMs: 60_000 } },
    ],
  });
});
afterEach(() => {
  external.requests.length = 0;
  external.behave(answerOk);
});
afterAll(async () => {
  await gateway.close();
  await external.close();
});

function expectProblem(answer: Answer, status: number, code: ProblemCode, outcome?: string): void {
  expect([answer.status, answer.body['code'], answer.body['outcome']]).toEqual([status, code, outcome]);
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(answer.body).toMatchObject({
    type: `/problems/${code}`,
    title: PROBLEM_CATALOGUE[code].title,
    status,
    detail: expect.any(String) as unknown,
    instance: expect.stringMatching(/^\/[^?]*$/) as unknown,
    requestId: answer.headers.get('x-request-id'),
  });
}

describe('answers of the external, as problems', () => {
  const status =
    (code: number, body?: object, headers: Record<string, string> = {}): StubBehaviour =>
    (_, response) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      if (body) return answerJson(response, code, body);
      response.writeHead(code, { 'content-type': 'text/plain' });
      response.end('no');
      return undefined;
    };

  it.each<[string, StubBehaviour, number, ProblemCode, string]>([
    ['302', status(302, {}, { location: '/elsewhere' }), 502, 'provider-error', 'unknown'],
    ['400', status(400, { detail: 'bad' }), 422, 'provider-rejected', 'not-executed'],
    ['401', status(401, {}), 502, 'provider-error', 'not-executed'],
    ['403', status(403, {}), 502, 'provider-error', 'not-executed'],
    ['404 with a JSON object', status(404, {}), 422, 'provider-rejected', 'not-executed'],
    ['404 without', status(404), 501, 'operation-not-supported', 'not-executed'],
    ['405', status(405), 501, 'operation-not-supported', 'not-executed'],
    ['407', status(407), 502, 'provider-error', 'not-executed'],
    ['408', status(408), 502, 'provider-error', 'unknown'],
    ['409', status(409, {}), 502, 'provider-error', 'unknown'],
    ['418', status(418, {}), 422, 'provider-rejected', 'not-executed'],
    ['425', status(425), 502, 'provider-error', 'unknown'],
    ['429', status(429, {}, { 'retry-after': '7' }), 503, 'provider-unavailable', 'not-executed'],
    ['500', status(500), 502, 'provider-error', 'unknown'],
    ['501', status(501), 501, 'operation-not-supported', 'not-executed'],
    ['503', status(503), 502, 'provider-error', 'unknown'],
    ['HTML', status(200), 502, 'invalid-provider-response', 'unknown'],
    ['no result', status(200, { paymentId: 'p' }), 502, 'invalid-provider-response', 'unknown'],
    [
      'an unknown result',
      status(200, { result: 'YES', paymentId: 'p' }),
      502,
      'invalid-provider-response',
      'unknown',
    ],
    [
      'a redirect to nowhere',
      status(200, { result: 'REDIRECT_TO_URL', paymentId: 'p' }),
      502,
      'invalid-provider-response',
      'unknown',
    ],
    ['silence', () => undefined, 504, 'provider-timeout', 'unknown'],
    [
      'a cut connection',
      (_, response) => {
        response.socket?.destroy();
        return undefined;
      },
      502,
      'provider-error',
      'unknown',
    ],
  ])('%s', async (_name, behaviour, expected, code, outcome) => {
    external.behave(behaviour);
    expectProblem(await call(`${gateway.url}/v3/acme/pay`, 'POST', pay()), expected, code, outcome);
  });

  it('returns the detail of a rejection, cut at 500 characters', async () => {
    external.behave(status(422, { message: 'x'.repeat(900) }));
    const { body } = await call(`${gateway.url}/v3/acme/pay`, 'POST', pay());
    expect(String(body['detail'])).toHaveLength(500);
  });

  it('passes Retry-After on', async () => {
    external.behave(status(429, {}, { 'retry-after': '7' }));
    const { headers } = await call(`${gateway.url}/v3/acme/pay`, 'POST', pay());
    expect(headers.get('retry-after')).toBe('7');
  });

  it('answers payment-not-found to a refund after a 404 with a JSON object', async () => {
    external.behave(status(404, {}));
    const answer = await call(`${gateway.url}/v3/acme/refund`, 'POST', {
      amount: 1,
      currency: 'EUR',
      paymentId: 'x',
    });
    expectProblem(answer, 404, 'payment-not-found', 'not-executed');
  });

  it('answers not-executed if the connection failed', async () => {
    expectProblem(
      await call(`${gateway.url}/v3/gone/pay`, 'POST', pay()),
      502,
      'provider-error',
      'not-executed',
    );
  });

  it('answers 501 without a call for a disabled operation', async () => {
    const answer = await call(`${gateway.url}/v3/narrow/refund`, 'POST', {
      amount: 1,
      currency: 'EUR',
      paymentId: 'x',
    });
    expectProblem(answer, 501, 'operation-not-supported', 'not-executed');
    expect(external.requests).toHaveLength(0);
  });

  it('answers 503 above the concurrency limit', async () => {
    external.behave(() => undefined);
    const [, second] = await Promise.all(
      [
        call(`${gateway.url}/v3/single/pay`, 'POST', pay()),
        call(`${gateway.url}/v3/single/pay`, 'POST', pay()),
      ].map(async (answer) => answer),
    ).then((answers) => answers.toSorted((a, b) => b.status - a.status));
    expectProblem(second!, 503, 'provider-unavailable', 'not-executed');
    expect(Number(second!.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('answers 503 while the circuit is open', async () => {
    external.behave(status(500));
    await call(`${gateway.url}/v3/fragile/pay`, 'POST', pay());
    const refused = await call(`${gateway.url}/v3/fragile/pay`, 'POST', pay());
    expectProblem(refused, 503, 'provider-unavailable', 'not-executed');
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
  });
});

describe('errors of the caller', () => {
  it('an unknown external', async () => {
    for (const name of ['nope', 'ACME', 'acme%20', '%61cme', '__proto__', 'constructor']) {
      expectProblem(
        await call(`${gateway.url}/v3/${name}/pay`, 'POST', pay()),
        404,
        'external-not-found',
        'not-executed',
      );
      const callback = await call(`${gateway.url}/v3/${name}/callback?paymentId=pm_1`, 'POST', {});
      expectProblem(callback, 404, 'external-not-found', undefined);
    }
  });

  it('an unknown route, and a path in another case', async () => {
    expectProblem(await call(`${gateway.url}/nothing`, 'GET'), 404, 'not-found');
    expectProblem(await call(`${gateway.url}/V3/acme/pay`, 'POST', pay()), 404, 'not-found', undefined);
    expectProblem(await call(`${gateway.url}/v3/acme/pay/`, 'POST', pay()), 404, 'not-found', 'not-executed');
  });

  it('a wrong method, with Allow', async () => {
    const answer = await call(`${gateway.url}/v3/acme/pay`, 'PUT', {});
    expectProblem(answer, 405, 'method-not-allowed', 'not-executed');
    expect(answer.headers.get('allow')).toBe('POST');
  });

  it('a malformed path', async () => {
    const answer = await call(`${gateway.url}/v3/acme/subscription/expire/%E0%A4%A`, 'DELETE');
    expectProblem(answer, 400, 'validation-failed', 'not-executed');
  });

  it('violations, each at its pointer', async () => {
    const answer = await call(`${gateway.url}/v3/acme/pay`, 'POST', {
      amount: '1',
      currency: 'eur',
      shopTransactionId: 's',
      extra: 1,
    });
    expectProblem(answer, 400, 'validation-failed', 'not-executed');
    expect((answer.body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer)).toEqual([
      '/extra',
      '/amount',
      '/currency',
    ]);
  });

  it.each([
    ['{"amount":'],
    [''],
    ['null'],
    ['[]'],
    ['"text"'],
    ['{"amount":1,"currency":"EUR","shopTransactionId":"x","providerData":{"id":12345678901234567890}}'],
    ['{"amount":1,"currency":"EUR","shopTransactionId":"x","providerData":{"id":1e999999999999999999}}'],
  ])('the body %s', async (body) => {
    expect(await sentFor(body)).toEqual([400, 'validation-failed', 'not-executed']);
    expect(external.requests).toHaveLength(0);
  });

  it('invalid UTF-8', async () => {
    const text = Buffer.from('{"amount":1,"currency":"EUR","shopTransactionId":"\u00ff"}', 'latin1');
    expect((await payRaw(new Uint8Array(text))).status).toBe(400);
  });

  it('a body of 100 KiB of white space is read, one of 129 KiB is not', async () => {
    const text = JSON.stringify(pay());
    expect((await payRaw(text.padEnd(100 * 1024))).status).toBe(200);
    expect(await sentFor(JSON.stringify(pay()).padEnd(129 * 1024))).toEqual([
      413,
      'payload-too-large',
      'not-executed',
    ]);
  });

  it('a large body without a declared length', async () => {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let i = 0; i < 20; i += 1) controller.enqueue(new Uint8Array(10_240).fill(32));
        controller.close();
      },
    });
    const response = await fetch(`${gateway.url}/v3/acme/pay`, {
      method: 'POST',
      body: stream,
      headers: { 'content-type': 'application/json' },
      duplex: 'half',
    });
    expect(response.status).toBe(413);
  });

  it.each([
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['application/json; charset=utf-16', 415],
    ['application/json;charset=UTF-8', 200],
  ])('the type %s: %i', async (type, expected) => {
    expect((await payRaw(JSON.stringify(pay()), { 'content-type': type })).status).toBe(expected);
  });

  it('a compressed body', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    expect((await payRaw('{}', headers)).status).toBe(415);
  });

  it('two Idempotency-Keys', async () => {
    const { port } = new URL(gateway.url);
    const body = JSON.stringify(pay());
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      `POST /v3/acme/pay HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nIdempotency-Key: a\r\n` +
        `Idempotency-Key: b\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"pointer":"/headers/idempotency-key"');
  });
});

describe('problem pages', () => {
  it('explain every code', async () => {
    for (const code of PROBLEM_CODES) {
      const page = await call(`${gateway.url}/problems/${code}`, 'GET');
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(page.text).toContain(code);
    }
    expectProblem(await call(`${gateway.url}/problems/constructor`, 'GET'), 404, 'not-found');
  });
});
