import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import type { ExternalConfig } from '../../src/config/external-config.js';
import type { HttpExternalProvider } from '../../src/providers/http-external-provider.js';
import { OUTCOME_TABLE } from '../../src/providers/outcome-table.js';
import type { ProviderOutcome } from '../../src/providers/provider-outcome.js';
import { AddressGuard } from '../../src/outbound/address-guard.js';
import { certificateAuthority } from '../support/certificates.js';
import { context, externalConfig, httpProvider, payRequest } from '../support/provider.js';
import { answer, RawExternal, type RawExternalOptions } from '../support/raw-external.js';

const PAID = JSON.stringify({ result: 'OK', paymentId: 'pm_1' });
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const MEBIBYTE = 1_048_576;

type Ask = (provider: HttpExternalProvider) => Promise<ProviderOutcome<object>>;

const pay: Ask = (provider) => provider.pay(payRequest, context);
const refund: Ask = (provider) => provider.refund({ amount: 1, currency: 'EUR', paymentId: 'pm_1' }, context);
const status: Ask = (provider) => provider.status({ paymentId: 'pm_1' }, context);
const subscriptionStatus: Ask = (provider) => provider.subscriptionStatus('sub_1', context);
const expire: Ask = (provider) => provider.expireSubscription('sub_1', context);

interface Case {
  /** Of {@link OUTCOME_TABLE}. */
  readonly row: string;
  readonly what: string;
  readonly external: RawExternalOptions;
  readonly ask?: Ask;
  readonly config?: Partial<ExternalConfig>;
  readonly expected: object;
}

const sends = (script: (socket: Socket) => void): RawExternalOptions => ({ script });
const answers = (
  code: number,
  body?: string | Buffer,
  headers?: Record<string, string>,
): RawExternalOptions => sends((socket) => answer(socket, code, body, headers));
const becomes = (kind: string, reason: string, more: object = {}): object => ({ kind, reason, ...more });

const completed = { kind: 'completed', answer: { result: 'OK', paymentId: 'pm_1' } };
const connectionFailed = becomes('not-executed', 'connection-failed');
const cutOff = becomes('unknown', 'cut-off');
const timedOut = becomes('unknown', 'timeout');
const invalidAnswer = becomes('unknown', 'invalid-answer');
const notSupported = becomes('not-executed', 'not-supported');
const credentialsRefused = becomes('not-executed', 'credentials-refused');
const serverError = (code: number): object => becomes('unknown', 'server-error', { status: code });
const JSON_404 = answers(404, '{"detail":"never seen"}');
/** What nginx answers where `ssl_verify_client` is on. */
const NO_CERTIFICATE_PAGE =
  '<html><head><title>400 No required SSL certificate was sent</title></head><body></body></html>';
const HTML_404 = answers(404, '<h1>Not found</h1>', { 'content-type': 'text/html' });

/** Cuts by RST rather than FIN. */
const reset = (socket: Socket): void => void socket.resetAndDestroy();
const quick = { timeoutMs: 150 };

const authority = certificateAuthority('Tollgate tests');
const trusted = authority.issue('localhost');
const stranger = certificateAuthority('Somebody else');

const CASES: readonly Case[] = [
  {
    row: 'success before the request was sent whole',
    what: 'after the first bytes of it',
    external: {
      takeOver: true,
      onConnection: (socket) => socket.once('readable', () => answer(socket, 200, PAID)),
    },
    // Larger than the buffers of both kernels.
    ask: (provider) => {
      const providerData = { padding: 'x'.repeat(16 * MEBIBYTE) };
      return provider.pay({ ...payRequest, providerData }, context);
    },
    expected: invalidAnswer,
  },
  { row: 'an answer of the contract', what: '200', external: answers(200, PAID), expected: completed },
  { row: 'an answer of the contract', what: '201', external: answers(201, PAID), expected: completed },
  {
    row: 'an answer of the contract',
    what: 'a decline',
    external: answers(200, '{"result":"KO","resultDescription":"no funds"}'),
    expected: { kind: 'completed', answer: { result: 'KO', resultDescription: 'no funds' } },
  },
  {
    row: 'an answer of the contract',
    what: 'application/hal+json in UTF-8',
    external: answers(200, PAID, { 'content-type': 'application/hal+json; charset=utf-8' }),
    expected: completed,
  },
  {
    row: 'an answer of the contract',
    what: 'no Content-Type at all',
    external: sends((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${PAID.length}\r\n\r\n${PAID}`),
    ),
    expected: completed,
  },
  {
    row: 'an answer of the contract',
    what: 'fields unknown to the contract, which are dropped',
    external: answers(200, '{"result":"OK","paymentId":"pm_1","internalNote":"x","metadata":{"a":[1]}}'),
    expected: { kind: 'completed', answer: { result: 'OK', paymentId: 'pm_1', metadata: { a: [1] } } },
  },
  {
    row: 'an answer of the contract',
    what: '103 before the 200',
    external: sends((socket) => {
      socket.write('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n');
      answer(socket, 200, PAID);
    }),
    expected: completed,
  },
  {
    row: 'an answer of the contract',
    what: '100 and 103 before the 200, though nobody asked for them',
    external: sends((socket) => {
      socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n');
      setImmediate(() => {
        socket.write('HTTP/1.1 100 Continue\r\n\r\n');
        answer(socket, 200, PAID);
      });
    }),
    expected: completed,
  },
  {
    row: 'an answer of the contract',
    what: '100 before the 200, byte by byte',
    external: sends((socket) => {
      drip(socket, 'HTTP/1.1 100 Continue\r\n\r\n', () => answer(socket, 200, PAID));
    }),
    expected: completed,
  },
  {
    row: 'an answer of the contract',
    what: '100 before the 200, over TLS',
    external: {
      ...sends((socket) => {
        socket.write('HTTP/1.1 100 Continue\r\n\r\n');
        answer(socket, 200, PAID);
      }),
      certificate: { ...trusted, ca: authority.cert },
    },
    config: { auth: clientCertificate() },
    expected: completed,
  },
  {
    row: 'an answer of the contract',
    what: 'chunked, with a pause between the chunks',
    external: sends((socket) => {
      socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n5\r\n${PAID.slice(0, 5)}\r\n`);
      setImmediate(() => socket.write(`${(PAID.length - 5).toString(16)}\r\n${PAID.slice(5)}\r\n0\r\n\r\n`));
    }),
    expected: completed,
  },
  {
    row: 'an answer of the contract',
    what: 'ended by the end of the connection',
    external: sends((socket) => socket.end(`${HEAD}connection: close\r\n\r\n${PAID}`)),
    expected: completed,
  },
  {
    row: 'an answer of the contract',
    what: 'over TLS, with a client certificate',
    external: { ...answers(200, PAID), certificate: { ...trusted, ca: authority.cert } },
    config: { auth: clientCertificate() },
    expected: completed,
  },
  {
    row: 'an answer of the contract',
    what: 'of just 1 MiB',
    external: answers(200, sized(MEBIBYTE)),
    expected: { kind: 'completed' },
  },

  {
    row: 'success that violates the contract',
    what: '204 without a body',
    external: sends((socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n')),
    expected: { ...invalidAnswer, status: 204 },
  },
  {
    row: 'success that violates the contract',
    what: '200, empty',
    external: answers(200),
    expected: invalidAnswer,
  },
  {
    row: 'success that violates the contract',
    what: 'JSON that says it is HTML',
    external: answers(200, PAID, { 'content-type': 'text/html' }),
    expected: invalidAnswer,
  },
  {
    row: 'success that violates the contract',
    what: 'invalid JSON',
    external: answers(200, PAID.slice(0, -1)),
    expected: invalidAnswer,
  },
  {
    row: 'success that violates the contract',
    what: 'JSON in Latin-1',
    external: answers(200, Buffer.from('{"result":"OK","paymentId":"caf\u00e9"}', 'latin1')),
    expected: invalidAnswer,
  },
  {
    row: 'success that violates the contract',
    what: 'a JSON array',
    external: answers(200, `[${PAID}]`),
    expected: invalidAnswer,
  },
  {
    row: 'success that violates the contract',
    what: 'an unknown result',
    external: answers(200, '{"result":"MAYBE","paymentId":"pm_1"}'),
    expected: invalidAnswer,
  },
  {
    row: 'success that violates the contract',
    what: 'no paymentId, and no KO',
    external: answers(200, '{"result":"PENDING"}'),
    expected: invalidAnswer,
  },
  {
    row: 'success that violates the contract',
    what: 'REDIRECT_TO_URL without a URL',
    external: answers(200, '{"result":"REDIRECT_TO_URL","paymentId":"pm_1"}'),
    expected: invalidAnswer,
  },

  {
    row: 'the gateway did not send the request',
    what: 'refused on each new connection',
    external: answers(200, PAID),
    ask: (provider) => {
      const beforeSend = (): void => {
        throw new Error('too late');
      };
      return provider.pay(payRequest, { ...context, beforeSend });
    },
    expected: becomes('not-executed', 'paused', { retryAfterMs: 1_000 }),
  },

  {
    row: 'nothing was sent',
    what: 'an unresolvable name',
    external: {},
    config: { baseUrl: 'http://no-such-host.invalid/base' },
    expected: connectionFailed,
  },
  {
    row: 'nothing was sent',
    what: 'an address that is never dialled',
    external: {},
    config: { baseUrl: 'http://169.254.169.254/base' },
    expected: connectionFailed,
  },
  {
    row: 'nothing was sent',
    what: 'plain TCP where TLS was expected',
    external: { takeOver: true, onConnection: (socket) => socket.end('hello, who is there?\r\n') },
    config: { baseUrl: 'https:' },
    expected: connectionFailed,
  },
  {
    row: 'nothing was sent',
    what: 'a certificate of nobody that is trusted',
    external: { ...answers(200, PAID), certificate: trusted },
    expected: connectionFailed,
  },
  {
    row: 'nothing was sent',
    what: 'a reset in the middle of the TLS handshake',
    external: { takeOver: true, onConnection: (socket) => socket.once('data', () => reset(socket)) },
    config: { baseUrl: 'https:' },
    expected: connectionFailed,
  },
  {
    row: 'nothing was sent',
    what: 'a TLS handshake that is never answered',
    external: { takeOver: true },
    config: { baseUrl: 'https:', ...quick },
    expected: connectionFailed,
  },

  {
    row: 'the deadline passed after the request was begun',
    what: 'no answer',
    external: sends(() => {}),
    config: quick,
    expected: timedOut,
  },
  {
    row: 'the deadline passed after the request was begun',
    what: 'slow headers',
    external: sends((socket) => drip(socket, `${HEAD}x-padding: ${'x'.repeat(1_000)}\r\n\r\n`)),
    config: quick,
    expected: timedOut,
  },
  {
    row: 'the deadline passed after the request was begun',
    what: 'headers without the body',
    external: sends((socket) => socket.write(`${HEAD}content-length: 100\r\n\r\n`)),
    config: quick,
    expected: timedOut,
  },
  {
    row: 'the deadline passed after the request was begun',
    what: 'a slow body',
    external: sends((socket) => {
      socket.write(`${HEAD}content-length: 1000\r\n\r\n`);
      drip(socket, 'x'.repeat(1_000));
    }),
    config: quick,
    expected: timedOut,
  },
  {
    row: 'the deadline passed after the request was begun',
    what: '100 and nothing after it',
    external: sends((socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n')),
    config: quick,
    expected: timedOut,
  },
  {
    row: 'the deadline passed after the request was begun',
    what: '1xx and nothing after it',
    external: sends((socket) => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n')),
    config: quick,
    expected: timedOut,
  },

  {
    row: 'the connection broke after the request was begun',
    what: 'a reset while the request is being written',
    external: { takeOver: true, onConnection: (socket) => socket.once('data', () => reset(socket)) },
    ask: (provider) =>
      provider.pay({ ...payRequest, providerData: { padding: 'x'.repeat(60_000) } }, context),
    expected: cutOff,
  },
  {
    row: 'the connection broke after the request was begun',
    what: 'a reset after the request was written',
    external: sends(reset),
    expected: cutOff,
  },
  {
    row: 'the connection broke after the request was begun',
    what: 'the end of the connection instead of an answer',
    external: sends((socket) => socket.end()),
    expected: cutOff,
  },
  {
    row: 'the connection broke after the request was begun',
    what: 'headers that are cut',
    external: sends((socket) => socket.end(HEAD)),
    expected: cutOff,
  },
  {
    row: 'the connection broke after the request was begun',
    what: 'headers, and then the end',
    external: sends((socket) => socket.end(`${HEAD}content-length: 100\r\n\r\n`)),
    expected: cutOff,
  },
  {
    row: 'the connection broke after the request was begun',
    what: 'a body that is cut',
    external: sends((socket) => socket.end(`${HEAD}content-length: ${PAID.length + 1}\r\n\r\n${PAID}`)),
    expected: cutOff,
  },
  {
    row: 'the connection broke after the request was begun',
    what: 'a chunked body without its last chunk',
    external: sends((socket) =>
      socket.end(
        `${HEAD}connection: close\r\ntransfer-encoding: chunked\r\n\r\n${PAID.length.toString(16)}\r\n${PAID}\r\n`,
      ),
    ),
    expected: cutOff,
  },
  {
    row: 'the connection broke after the request was begun',
    what: 'a 422 whose body is cut: what else it says is not known',
    external: sends((socket) => socket.end('HTTP/1.1 422 No\r\ncontent-length: 100\r\n\r\n{"detail"')),
    expected: cutOff,
  },
  {
    row: 'the connection broke after the request was begun',
    what: '1xx and then the end',
    external: sends((socket) => socket.end('HTTP/1.1 103 Early Hints\r\n\r\n')),
    expected: cutOff,
  },
  {
    row: 'the connection broke after the request was begun',
    what: '101, which nobody asked for',
    external: sends((socket) => socket.write('HTTP/1.1 101 Up\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')),
    expected: cutOff,
  },

  {
    // In TLS 1.3 a client has sent its request before it learns that its certificate was refused (RFC 8446 §4.4.2.4).
    row: 'the connection broke after the request was begun',
    what: 'a client certificate that the external refuses',
    external: { ...answers(200, PAID), certificate: { ...trusted, ca: stranger.cert } },
    config: { auth: clientCertificate() },
    expected: cutOff,
  },

  {
    row: 'an answer over the limit',
    what: 'one byte over 1 MiB, announced',
    external: answers(200, sized(MEBIBYTE + 1)),
    expected: invalidAnswer,
  },
  {
    row: 'an answer over the limit',
    what: 'over 1 MiB, chunk by chunk without end',
    external: sends((socket) => {
      socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
      const flood = (): void => {
        while (!socket.destroyed && socket.write(`10000\r\n${'x'.repeat(65_536)}\r\n`));
      };
      socket.on('drain', flood);
      flood();
    }),
    expected: invalidAnswer,
  },
  {
    row: 'an answer that is not HTTP',
    what: 'another protocol',
    external: sends((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n')),
    expected: invalidAnswer,
  },
  {
    row: 'an answer that is not HTTP',
    what: 'headers over 16 KiB',
    external: sends((socket) => socket.write(`${HEAD}x-padding: ${'x'.repeat(17_000)}\r\n\r\n`)),
    expected: invalidAnswer,
  },

  ...[300, 301, 302, 304, 307, 308].map((code) => ({
    row: '3xx',
    what: `${code}, with a Location that is not followed`,
    external: answers(code, '', { location: '/base/elsewhere' }),
    expected: serverError(code),
  })),
  ...[401, 403, 407].map((code) => ({
    row: '401, 403, 407',
    what: String(code),
    external: answers(code, PAID),
    expected: credentialsRefused,
  })),
  {
    row: '401, 403, 407',
    what: 'the page of a firewall',
    external: answers(403, '<h1>Request blocked</h1>', { 'content-type': 'text/html' }),
    expected: { ...credentialsRefused, detail: expect.stringContaining('firewall') },
  },
  ...[495, 496].flatMap((code) =>
    [NO_CERTIFICATE_PAGE, ''].map((body) => ({
      row: '495, 496 without a JSON object',
      what: `${code}${body && ' with a page'}, whatever auth is`,
      external: answers(code, body, { 'content-type': 'text/html' }),
      expected: credentialsRefused,
    })),
  ),
  ...(
    [
      [400, NO_CERTIFICATE_PAGE, 'text/html', pay],
      [400, NO_CERTIFICATE_PAGE, 'text/html', status],
      [400, NO_CERTIFICATE_PAGE, 'application/json', pay],
      [400, 'No required SSL certificate was sent', 'text/plain', refund],
      [421, '<h1>Misdirected Request</h1>', 'text/html', pay],
      [444, '<error>certificate</error>', 'application/xml', expire],
      [499, '\xff', 'application/octet-stream', pay],
    ] as const
  ).map(([code, body, type, ask]) => ({
    row: 'another 4xx with a page, where auth is mtls',
    what: `${code} ${type}`,
    external: {
      ...answers(code, body, { 'content-type': type }),
      certificate: { ...trusted, ca: authority.cert },
    },
    config: { auth: clientCertificate() },
    ask,
    expected: credentialsRefused,
  })),
  ...(
    [
      [400, '{"message":"no such currency"}', 'no such currency'],
      [422, '"no"', 'The external refused the request.'],
      [402, '', 'The external refused the request.'],
      [496, '{"detail":"limit"}', 'limit'],
    ] as const
  ).map(([code, body, detail]) => ({
    row: 'another 4xx',
    what: `${code} ${body || 'without a body'}, where auth is mtls`,
    external: { ...answers(code, body), certificate: { ...trusted, ca: authority.cert } },
    config: { auth: clientCertificate() },
    expected: becomes('rejected', 'refused', { status: code, detail }),
  })),
  {
    row: 'another 4xx',
    what: '400 with a page, where auth is not mtls',
    external: answers(400, NO_CERTIFICATE_PAGE, { 'content-type': 'text/html' }),
    expected: becomes('rejected', 'refused', { status: 400 }),
  },
  ...[408, 409, 425].map((code) => ({
    row: '408, 409, 425',
    what: String(code),
    external: answers(code, '{"detail":"later"}'),
    expected: serverError(code),
  })),
  {
    row: '429',
    what: 'with seconds',
    external: answers(429, '', { 'retry-after': '7' }),
    expected: becomes('not-executed', 'throttled', { retryAfterMs: 7_000 }),
  },
  {
    row: '429',
    what: 'without Retry-After',
    external: answers(429),
    expected: becomes('not-executed', 'throttled', { retryAfterMs: 1_000 }),
  },
  ...[status, subscriptionStatus].flatMap((ask) => [
    {
      row: '404 to a status query',
      what: 'with a JSON object',
      external: JSON_404,
      ask,
      expected: becomes('rejected', 'not-found', { status: 404, detail: 'never seen', page: false }),
    },
    {
      row: '404 to a status query',
      what: 'without one',
      external: HTML_404,
      ask,
      expected: becomes('rejected', 'not-found', {
        status: 404,
        detail:
          'The external answered 404 with a page, not JSON: it may not offer this operation at this address.',
        page: true,
      }),
    },
  ]),
  ...[refund, expire].map((ask) => ({
    row: '404 with a JSON object, about a payment or subscription',
    what: 'to an operation on one',
    external: JSON_404,
    ask,
    expected: becomes('rejected', 'not-found', { status: 404, detail: 'never seen' }),
  })),
  {
    row: '404 with a JSON object, to an operation without a subject',
    what: 'to pay',
    external: JSON_404,
    expected: becomes('rejected', 'refused', { status: 404, detail: 'never seen' }),
  },
  ...[pay, refund, expire].flatMap((ask) => [
    {
      row: '404 without a JSON object, 405, 501',
      what: '404 in HTML',
      external: HTML_404,
      ask,
      expected: notSupported,
    },
    {
      row: '404 without a JSON object, 405, 501',
      what: '404 with a JSON text',
      external: answers(404, '"no"'),
      ask,
      expected: notSupported,
    },
  ]),
  ...[405, 501].flatMap((code) =>
    [pay, status].map((ask) => ({
      row: '404 without a JSON object, 405, 501',
      what: String(code),
      external: answers(code, '{"detail":"no"}'),
      ask,
      expected: notSupported,
    })),
  ),
  {
    row: 'another 4xx',
    what: '422 with detail, which holds a card number',
    external: answers(422, '{"detail":"card 4111 1111 1111 1111 expired","message":"not this"}'),
    expected: becomes('rejected', 'refused', { status: 422, detail: 'card **** **** **** 1111 expired' }),
  },
  {
    row: 'another 4xx',
    what: '400 with message, which is cut at 500 characters',
    external: answers(400, JSON.stringify({ message: 'x'.repeat(501) })),
    expected: becomes('rejected', 'refused', { status: 400, detail: 'x'.repeat(500) }),
  },
  {
    row: 'another 4xx',
    what: '402 without a body',
    external: answers(402),
    expected: becomes('rejected', 'refused', { status: 402, detail: 'The external refused the request.' }),
  },
  {
    row: 'another 4xx',
    what: '410 in HTML',
    external: answers(410, '<h1>gone</h1>', { 'content-type': 'text/html' }),
    ask: status,
    expected: becomes('rejected', 'refused', { status: 410, detail: 'The external refused the request.' }),
  },
  ...[500, 502, 503, 504, 599].flatMap((code) =>
    ['', PAID].map((body) => ({
      row: '5xx',
      what: `${code} ${body && 'with a body that looks like success'}`,
      external: answers(code, body),
      expected: serverError(code),
    })),
  ),
  {
    row: 'a status outside of HTTP',
    what: '600',
    external: answers(600, PAID),
    expected: { ...invalidAnswer, status: 600 },
  },
];

function clientCertificate(): ExternalConfig['auth'] {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-tls-'));
  const { cert, key } = authority.issue('tollgate');
  const write = (name: string, pem: string): string => {
    writeFileSync(join(folder, name), pem);
    return join(folder, name);
  };
  return {
    type: 'mtls',
    certFile: write('cert.pem', cert),
    keyFile: write('key.pem', key),
    caFile: write('ca.pem', authority.cert),
  };
}

/** A contract answer of exactly `bytes` bytes. */
function sized(bytes: number): string {
  const [before, after] = ['{"result":"OK","paymentId":"pm_1","resultDescription":"', '"}'];
  return before + 'x'.repeat(bytes - before.length - after.length) + after;
}

/** A byte every few milliseconds: each read finds some, and a long text never arrives completely. */
function drip(socket: Socket, text: string, then = (): void => {}): void {
  let sent = 0;
  const timer = setInterval(() => {
    socket.write(text[sent++] ?? '');
    if (sent < text.length) return;
    clearInterval(timer);
    then();
  }, 20);
  socket.on('close', () => clearInterval(timer));
}

describe('outcome table', () => {
  const opened: { close(): Promise<void> }[] = [];

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((open) => open.close()));
  });

  const provoked = new Set<string>();
  afterAll(() => {
    // Not in a test of its own: it would fail whenever a single case is run.
    if (provoked.size > 1)
      expect([...provoked].toSorted()).toEqual(OUTCOME_TABLE.map(({ name }) => name).toSorted());
  });

  it.each(CASES)('$row: $what', async ({ row, external: options, ask = pay, config = {}, expected }) => {
    const external = await RawExternal.listen(options);
    const { baseUrl = external.baseUrl } = config;
    const provider = httpProvider(
      externalConfig({
        ...config,
        baseUrl: baseUrl === 'https:' ? external.baseUrl.replace('http:', 'https:') : baseUrl,
      }),
    );
    opened.push(external, provider);

    expect(await ask(provider)).toMatchObject(expected);
    if (ask === pay) expect(external.requests.length).toBeLessThanOrEqual(1);
    provoked.add(row);
  });

  it('nothing was sent: connection refused', async () => {
    const external = await RawExternal.listen();
    const { baseUrl } = external;
    await external.close();
    const provider = httpProvider(externalConfig({ baseUrl }));
    opened.push(provider);

    expect(await pay(provider)).toMatchObject(connectionFailed);
    expect(await pay(provider)).toMatchObject({ detail: expect.stringContaining('ECONNREFUSED') });
    expect(await pay(provider)).toMatchObject({ detail: expect.not.stringContaining('127.0.0.1') });
  });

  it('nothing was sent: not connected before the deadline', async () => {
    const guard = new AddressGuard({ blockPrivateAddresses: false, resolve: () => {} });
    const provider = httpProvider(externalConfig({ baseUrl: 'http://silent-dns.test/base', ...quick }), {
      guard,
    });
    opened.push(provider);

    expect(await pay(provider)).toMatchObject(connectionFailed);
  });
});
