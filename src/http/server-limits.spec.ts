import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { exchange } from '../../test/support/raw-socket.js';
import { SystemClock } from '../shared/clock.js';
import { applyLimits } from './server-limits.js';
import type { ProblemCode } from '../problems/problem.js';
import { PROBLEM_CATALOGUE } from './problem-catalogue.js';

/** Limits before there is a request; test/e2e/security-limits.spec.ts tests the others. */
describe('applyLimits', () => {
  let server: Server;
  let url: string;
  let unreadable: number[];

  beforeEach(async () => {
    unreadable = [];
    server = createServer((request, response) => {
      request.resume();
      request.on('end', () => response.end('received'));
    });
    applyLimits(server, {
      clock: new SystemClock(),
      headersTimeoutMs: 200,
      requestTimeoutMs: 400,
      onUnreadable: (status) => unreadable.push(status),
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const expectProblem = async (bytes: string | Buffer, code: ProblemCode): Promise<void> => {
    const { head, body } = await exchange(url, bytes);
    const { status } = PROBLEM_CATALOGUE[code];
    expect(head.split('\r\n')).toEqual(
      expect.arrayContaining([
        expect.stringMatching(new RegExp(`^HTTP/1.1 ${status} \\w`)),
        'Content-Type: application/problem+json; charset=utf-8',
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Connection: close',
      ]),
    );
    const document = JSON.parse(body) as { requestId: string };
    expect(document).toMatchObject({ type: `/problems/${code}`, status, code, instance: '/' });
    expect(head).toContain(`X-Request-Id: ${document.requestId}`);
    expect(unreadable).toEqual([status]);
  };

  it.each<[string, string | Buffer]>([
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['TLS', Buffer.from('16030100c8010000c40303', 'hex')],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an unknown method', 'PAY / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a target without a slash', 'GET pay HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['bytes that are no text', Buffer.from('GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n', 'latin1')],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost a\r\n\r\n'],
    ['a header with a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: a\r\n b\r\nX\x01: c\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    [
      'a length and chunks (request smuggling)',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['chunks that are none', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'],
  ])('answers %s with 400', async (_what, bytes) => {
    await expectProblem(bytes, 'validation-failed');
  });

  it.each([
    [
      'not begun, as its body is no body',
      'POST /v3/acme/pay?a=b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
      '/v3/acme/pay',
      'not-executed',
    ],
    [
      'not begun, as its headers are none',
      'POST /v3/acme/refund HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
      '/v3/acme/refund',
      'not-executed',
    ],
    [
      'possibly in flight, as it needs no body',
      'DELETE /v3/acme/subscription/expire/s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
      '/v3/acme/subscription/expire/s',
      'unknown',
    ],
    ['a query', 'GET /v3/acme/status HTTP/1.1\r\nHost a\r\n\r\n', '/v3/acme/status', undefined],
  ])('names the path and the outcome of a request that is %s', async (_what, bytes, instance, outcome) => {
    const { status, body } = await exchange(url, bytes);
    const document = JSON.parse(body) as { instance: string; outcome?: string };
    expect([status, document.instance, document.outcome]).toEqual([400, instance, outcome]);
  });

  it('answers a complete request before bytes that are not a request, and closes', async () => {
    const bytes = 'DELETE /v3/acme/subscription/expire/s HTTP/1.1\r\nHost: a\r\n\r\n{"no":"request"}';
    const { status, head, body } = await exchange(url, bytes);
    expect([status, body]).toEqual([200, 'received']);
    expect(head).toContain('Connection: close');
    expect(unreadable).toEqual([400]);
  });

  it('answers headers of 40 KiB with 431, one or many', async () => {
    await expectProblem(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`, 'headers-too-large');
    unreadable = [];
    const many = Array.from({ length: 2_000 }, (_, i) => `X-${i}: yyyyyyyyyyyyyyy`).join('\r\n');
    await expectProblem(`GET / HTTP/1.1\r\nHost: a\r\n${many}\r\n\r\n`, 'headers-too-large');
  });

  it('answers a target of 300 KB with 414', async () => {
    await expectProblem(`GET /?${'y'.repeat(300_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 'uri-too-long');
  });

  it('answers CONNECT with 405', async () => {
    await expectProblem('CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', 'method-not-allowed');
  });

  it('answers slow headers with 408', async () => {
    await expectProblem('GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ', 'request-timeout');
  });

  it('answers a slow body with 408', async () => {
    await expectProblem('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nslow', 'request-timeout');
  });

  it('closes a connection that says nothing', async () => {
    await expectProblem('', 'request-timeout');
  });

  it('ignores an unknown expectation', async () => {
    const answer = await exchange(
      url,
      'GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nConnection: close\r\n\r\n',
    );
    expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('received')]);
  });
});
