import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { type RawAnswer, RawClient } from '../support/raw-client.js';
import { exchange, openSocket } from '../support/raw-socket.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';
import { until } from '../support/until.js';

/** Limits of a request and of a caller. */

let external: StubExternal;
let gateway: Gateway;
let client: RawClient;

const externals = () => [{ externalService: 'acme', baseUrl: external.url }];
const STATUS = '/v3/acme/status?paymentId=p';

beforeAll(async () => {
  external = await startStubExternal();
  gateway = await startGateway({ externals: externals() });
  client = new RawClient(gateway.url);
});
afterAll(async () => {
  client.close();
  await gateway.close();
  await external.close();
});

const get = (target: string, headers: readonly string[] = []): Promise<RawAnswer> =>
  client.send({ method: 'GET', target, headers });
const told = ({ status, text }: RawAnswer): unknown[] => [
  status,
  (JSON.parse(text) as { code?: string }).code,
];

describe('sizes', () => {
  it('accepts a query of 8 KiB, and no more', async () => {
    const query = (bytes: number): string => `/problems?${'q'.repeat(bytes)}`;
    expect((await get(query(8_192))).status).toBe(200);
    expect(told(await get(query(8_193)))).toEqual([414, 'uri-too-long']);
    expect(told(await get(query(12_000)))).toEqual([414, 'uri-too-long']);
  });

  it('accepts a path of 4 KiB, and no more', async () => {
    expect(told(await get(`/${'p'.repeat(4_095)}`))).toEqual([404, 'not-found']);
    expect(told(await get(`/${'p'.repeat(4_096)}`))).toEqual([414, 'uri-too-long']);
  });

  it('accepts headers of 16 KiB, and no more, one or many', async () => {
    expect((await get('/problems', ['X-Big', 'y'.repeat(16_000)])).status).toBe(200);
    expect(told(await get('/problems', ['X-Big', 'y'.repeat(16_384)]))).toEqual([431, 'headers-too-large']);
    const many = Array.from({ length: 1_000 }, (_, i) => [`X-${i}`, 'y'.repeat(10)]).flat();
    expect(told(await get('/problems', many))).toEqual([431, 'headers-too-large']);
  });

  it('accepts a long query and long headers together', async () => {
    const answer = await get(`/problems?${'q'.repeat(8_192)}`, ['X-Big', 'y'.repeat(16_000)]);
    expect(answer.status).toBe(200);
  });

  it('answers not-executed to a payment that is too large', async () => {
    const refused = await client.send({
      method: 'POST',
      target: `/v3/acme/pay?${'q'.repeat(9_000)}`,
      body: '{}',
    });
    expect(JSON.parse(refused.text)).toMatchObject({ status: 414, outcome: 'not-executed' });
  });

  it('closes the connection of an endless chunked body, so that no request keeps waiting', async () => {
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    const head = 'POST /v3/acme/pay HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
    const { status, head: answered } = await exchange(
      gateway.url,
      `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(257)}`,
    );
    expect(status).toBe(413);
    expect(answered.toLowerCase()).toContain('\r\nconnection: close');
  });
});

describe('ambiguous requests', () => {
  it.each([
    ['no Host', 'GET /problems HTTP/1.1\r\nConnection: close\r\n\r\n', '/headers/host'],
    [
      'two of them',
      'GET /problems HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n',
      '/headers/host',
    ],
    ['a fragment', 'GET /problems#x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', '/path'],
    ['a backslash', 'GET /problems\\x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', '/path'],
    ['a star', 'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', '/path'],
    [
      'a coding beside the chunks, which nobody undoes',
      'POST /problems HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
      '/headers/transfer-encoding',
    ],
  ])('%s is refused', async (_what, bytes, pointer) => {
    const { status, body } = await exchange(gateway.url, bytes);
    expect([status, (JSON.parse(body) as { errors: unknown }).errors]).toEqual([
      400,
      [{ pointer, detail: expect.any(String) }],
    ]);
  });

  it('HTTP/1.0 does not need a Host', async () => {
    expect((await exchange(gateway.url, 'GET /problems HTTP/1.0\r\n\r\n')).status).toBe(200);
  });
});

describe('response headers', () => {
  it('restrict browsers, and do not reveal the software', async () => {
    const { headers } = await get(STATUS, ['Origin', 'https://elsewhere.example']);
    expect(headers).toMatchObject({
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000',
      'cache-control': 'no-store',
    });
    for (const name of ['x-powered-by', 'server', 'etag', 'access-control-allow-origin']) {
      expect(headers).not.toHaveProperty(name);
    }
  });

  it('redirect no request of the API to another scheme', async () => {
    for (const target of [
      STATUS,
      '/v3/acme/pay',
      '/admin/payments',
      '/health/ready',
      '/metrics',
      '/nothing',
    ]) {
      const { status, headers } = await get(target, [
        'X-Forwarded-Proto',
        'http',
        'Upgrade-Insecure-Requests',
        '1',
      ]);
      expect([target, Math.floor(status / 100)]).not.toEqual([target, 3]);
      expect(headers).not.toHaveProperty('location');
    }
  });

  it('let Swagger UI use its own scripts', async () => {
    const { headers } = await get('/documentation');
    expect(headers['content-security-policy']).toContain(
      "script-src 'self';style-src 'self' 'unsafe-inline'",
    );
    expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
  });

  it.each(['OPTIONS', 'TRACE', 'PUT', 'PROPFIND'])('%s is answered with 405 and Allow', async (method) => {
    const headers = ['Origin', 'https://elsewhere.example', 'Access-Control-Request-Method', 'POST'];
    const answer = await client.send({ method, target: '/v3/acme/pay', headers });
    expect(told(answer)).toEqual([405, 'method-not-allowed']);
    expect(answer.headers['allow']).toBe('POST');
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('slow senders', () => {
  const held: Socket[] = [];
  afterAll(() => {
    for (const socket of held) socket.destroy();
  });

  /** The 90th percentile: a single answer may be late on a machine that is busy with other tests. */
  async function ninthTenthMs(): Promise<number> {
    const times: number[] = [];
    for (let i = 0; i < 60; i += 1) {
      const startedAt = performance.now();
      expect((await get(STATUS)).status).toBe(200);
      times.push(performance.now() - startedAt);
    }
    return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.9)]!;
  }

  it('500 of them hold their sockets open: the gateway answers others in under 100 ms', async () => {
    const aloneMs = await ninthTenthMs();
    const head = `POST /v3/acme/pay HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 900\r\n`;
    for (let i = 0; i < 500; i += 1) held.push(openSocket(gateway.url));
    await until(() => held.every((socket) => socket.readyState === 'open'), 'the sockets to open');
    // A third stalls in the headers, a third in the body, a third sends nothing.
    for (const [i, socket] of held.entries()) {
      if (i % 3 === 0) socket.write(head);
      if (i % 3 === 1) socket.write(`${head}\r\n{"amount":`);
    }
    const drip = setInterval(() => {
      for (const [i, socket] of held.entries()) if (i % 3 < 2) socket.write(i % 3 === 0 ? 'X' : ' ');
    }, 100);
    try {
      // On a machine so busy that answers are slow without them, they must not become much slower.
      expect(await ninthTenthMs()).toBeLessThan(Math.max(100, 3 * aloneMs));
    } finally {
      clearInterval(drip);
    }
    expect(held.filter((socket) => socket.readyState === 'open').length).toBe(500);
  });
});

describe('slow bodies', () => {
  it('more of them than the gateway works on at once leave the others served', async () => {
    const head = `POST /v3/acme/pay HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 900\r\n`;
    const sockets = Array.from({ length: 400 }, () => openSocket(gateway.url));
    try {
      await until(() => sockets.every(({ readyState }) => readyState === 'open'), 'the sockets to open');
      for (const socket of sockets) socket.write(`${head}\r\n{"amount":`);
      await until(() => sockets.every(({ writableLength }) => writableLength === 0), 'the heads to be sent');
      for (let i = 0; i < 20; i += 1) expect((await get(STATUS)).status).toBe(200);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});

describe('RATE_LIMIT', () => {
  const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

  it('limits each caller over all routes, with Retry-After', async () => {
    const limited = await startGateway({
      externals: externals(),
      env: { RATE_LIMIT: '3/1m', API_KEYS: 'a:secret-a,b:secret-b' },
    });
    try {
      const ask = (path: string, headers = {}) => call(`${limited.url}${path}`, 'GET', undefined, headers);
      const paths = [STATUS, '/v3/acme/check?paymentId=p', '/v3/acme/subscription/status/s'];
      for (const [i, path] of paths.entries()) {
        const { status, headers } = await ask(path, bearer('secret-a'));
        expect([status === 429, headers.get('x-ratelimit-remaining')]).toEqual([false, String(2 - i)]);
      }
      const refused = await ask(STATUS, bearer('secret-a'));
      expect([refused.status, refused.body['code']]).toEqual([429, 'rate-limited']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
      const payment = await call(`${limited.url}/v3/acme/pay`, 'POST', {}, bearer('secret-a'));
      expect([payment.status, payment.body['outcome']]).toEqual([429, 'not-executed']);

      expect((await ask(STATUS, { 'x-api-key': 'secret-b' })).status).toBe(200);
      for (let i = 0; i < 3; i += 1) expect((await ask(STATUS)).status).toBe(200);
      expect((await ask(STATUS)).status).toBe(429);
      for (let i = 0; i < 10; i += 1) expect((await ask('/problems')).status).toBe(200);
    } finally {
      await limited.close();
    }
  });

  /** Each client sends three requests of two that it may; the third is refused only where all are one client's. */
  const ofOneClient = ['1.1.1.1:1', '1.1.1.1:2', '1.1.1.1'].map((entry) => `9.9.9.9, ${entry}`);
  it.each<[string, string, readonly string[], number]>([
    ['ports', '1', ofOneClient, 429],
    ['IPv6 in brackets', '1', ['[2001:db8::1]:1', '[2001:db8::1]:2', '2001:DB8:0::1'], 429],
    ['IPv4 in IPv6', '1', ['1.1.1.1', '::ffff:1.1.1.1', '[::ffff:1.1.1.1]:3'], 429],
    ['no address', '1', ['unknown', '_a', 'x'], 429],
    ['what the client forges', '1', ['8.8.8.8, 1.1.1.1', '7.7.7.7, 1.1.1.1', '1.1.1.1'], 429],
    ['two hops', '2', ['3.3.3.3, 1.1.1.1:4, 10.0.0.1:5', '1.1.1.1:6, 10.0.0.2:7', '1.1.1.1, 10.0.0.3'], 429],
    [
      'trusted proxies with ports',
      'loopback,10.0.0.0/8',
      ['3.3.3.3, 1.1.1.1:4, 10.0.0.1:5', '1.1.1.1:6, 10.0.0.2:7, 10.0.0.9:8', '1.1.1.1'],
      429,
    ],
    [
      'a trusted IPv6 proxy with a port',
      'loopback,fd00::/8',
      ['1.1.1.1, [fd00::1]:5', '1.1.1.1:3, [fd00::2]:5', '1.1.1.1'],
      429,
    ],
    ['three clients', '1', ['1.1.1.1:1', '1.1.1.2:1', '1.1.1.3:1'], 200],
    [
      'three clients of a proxy nobody trusts',
      '1',
      ['1.1.1.1, 2.2.2.2', '1.1.1.2, 2.2.2.2', '2.2.2.2:3'],
      429,
    ],
  ])('distinguishes clients by address behind proxies: %s', async (_what, trusted, forwarded, expected) => {
    const limited = await startGateway({
      externals: externals(),
      env: { RATE_LIMIT: '2/1m', TRUST_PROXY: trusted },
    });
    try {
      const statuses = [];
      for (const list of forwarded) {
        const answer = await call(`${limited.url}${STATUS}`, 'GET', undefined, { 'x-forwarded-for': list });
        statuses.push(answer.status);
      }
      expect(statuses).toEqual([200, 200, expected]);
    } finally {
      await limited.close();
    }
  });

  it('is off unless it is set', async () => {
    const { headers } = await get(STATUS);
    expect(headers).not.toHaveProperty('x-ratelimit-limit');
  });
});
