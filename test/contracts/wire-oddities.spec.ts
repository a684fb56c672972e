import type { Socket } from 'node:net';
import zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HttpExternalProvider } from '../../src/providers/http-external-provider.js';
import type { ProviderOutcome } from '../../src/providers/provider-outcome.js';
import { context, externalConfig, httpProvider, payRequest } from '../support/provider.js';
import { RawExternal } from '../support/raw-external.js';

/** Answers as externals really write them, byte by byte: one line a case. */

const PAID = '{"result":"OK","paymentId":"pm_1"}';
const MEBIBYTE = 1_048_576;
const deep = (levels: number, open = '[', close = ']'): string => open.repeat(levels) + close.repeat(levels);
const withMetadata = (metadata: string): string =>
  `{"result":"OK","paymentId":"pm_1","metadata":${metadata}}`;
const redirect = (length: number, field = 'redirectToUrl'): string =>
  `{"result":"REDIRECT_TO_URL","paymentId":"pm_1","${field}":"${'https://pay.example/'.padEnd(length, 'x')}"}`;

type Body = string | Buffer;
/** The header lines beside `Content-Length`. */
type Headers = readonly string[];
const JSON_HEADER: Headers = ['Content-Type: application/json'];
const coded = (coding: string): Headers => [...JSON_HEADER, `Content-Encoding: ${coding}`];
const gzipped = zlib.gzipSync(PAID);

function write(socket: Socket, headers: Headers, body: Body, status = 200): void {
  const lines = [...headers, `Content-Length: ${Buffer.byteLength(body)}`];
  socket.write(`HTTP/1.1 ${status} Whatever\r\n${lines.join('\r\n')}\r\n\r\n`);
  socket.write(body);
}

const taken = { kind: 'completed', answer: { result: 'OK', paymentId: 'pm_1' } };
const invalid = (detail: string, ids: object = { paymentId: 'pm_1' }): object => ({
  kind: 'unknown',
  reason: 'invalid-answer',
  detail: expect.stringContaining(detail),
  ids,
});
const unreadable = (detail: string): object => invalid(detail, {});
const kept = (metadata: string): object => ({ kind: 'completed', text: withMetadata(metadata) });

type Case = readonly [what: string, headers: Headers, body: Body, expected: object];

const BOUNDS: readonly Case[] = [
  ['metadata of 1,000 levels', JSON_HEADER, withMetadata(deep(1_000)), taken],
  ['metadata of 5,000 levels', JSON_HEADER, withMetadata(deep(5_000)), invalid('more than 1,000 levels')],
  [
    'objects of 1,002 levels',
    JSON_HEADER,
    withMetadata(`${'{"a":'.repeat(1_002)}1${'}'.repeat(1_002)}`),
    invalid('levels'),
  ],
  ['500,000 levels', JSON_HEADER, withMetadata(deep(500_000)), invalid('levels')],
  [
    '500,000 levels before the id',
    JSON_HEADER,
    `{"metadata":${deep(500_000)},${PAID.slice(1)}`,
    invalid('levels'),
  ],
  [
    '500,000 levels, never closed',
    JSON_HEADER,
    `{"result":"OK","metadata":${'['.repeat(500_000)}`,
    unreadable('not JSON'),
  ],
  [
    '500,000 levels in a field that is dropped',
    JSON_HEADER,
    `{"note":${deep(500_000)},${PAID.slice(1)}`,
    taken,
  ],
  [
    '500,000 levels in the result',
    JSON_HEADER,
    `{"paymentId":"pm_1","result":${deep(500_000)}}`,
    invalid('levels'),
  ],
  ['500,000 levels and nothing else', JSON_HEADER, deep(500_000), unreadable('levels')],
  ['metadata of 64 KiB', JSON_HEADER, withMetadata(`"${'x'.repeat(65_534)}"`), taken],
  [
    'metadata of 64 KiB and a byte',
    JSON_HEADER,
    withMetadata(`"${'x'.repeat(65_535)}"`),
    invalid('at most 64 KiB'),
  ],
  [
    '64 KiB of two-byte characters',
    JSON_HEADER,
    withMetadata(`"${'é'.repeat(32_768)}"`),
    invalid('at most 64 KiB'),
  ],
  ['1 MiB of "4%20…"', JSON_HEADER, withMetadata(`"${'4%20'.repeat(260_000)}"`), invalid('at most 64 KiB')],
  [
    '1 MiB of empty objects',
    JSON_HEADER,
    withMetadata(`[${'{},'.repeat(340_000)}1]`),
    invalid('at most 64 KiB'),
  ],
  [
    'a result of 100 KB',
    JSON_HEADER,
    `{"paymentId":"pm_1","result":{"a":"${'x'.repeat(100_000)}"}}`,
    invalid('/result'),
  ],
  ['more than 1 MiB', JSON_HEADER, withMetadata(`"${'x'.repeat(MEBIBYTE)}"`), invalid('1 MiB')],
  [
    '1 MiB of fields that are dropped',
    JSON_HEADER,
    `{"note":"${'x'.repeat(1_000_000)}",${PAID.slice(1)}`,
    taken,
  ],
];

const ODD: readonly Case[] = [
  ['a byte order mark', JSON_HEADER, `\ufeff${PAID}`, taken],
  ['two byte order marks', JSON_HEADER, `\ufeff\ufeff${PAID}`, unreadable('not JSON')],
  [
    'a byte order mark of UTF-16',
    JSON_HEADER,
    Buffer.from(`\ufeff${PAID}`, 'utf16le'),
    unreadable('not UTF-8'),
  ],
  ['spaces and line ends around', JSON_HEADER, `\r\n\t ${PAID} \n`, taken],
  ['Content-Type twice', [...JSON_HEADER, ...JSON_HEADER], PAID, taken],
  ['Content-Type merged', ['Content-Type: application/json, application/json'], PAID, taken],
  [
    'Content-Type merged, with parameters',
    ['Content-Type: application/json; a="b,c",application/json;charset=utf-8'],
    PAID,
    taken,
  ],
  ['Content-Type twice, different JSON', [...JSON_HEADER, 'Content-Type: text/json'], PAID, taken],
  [
    'Content-Type twice, one of them HTML',
    [...JSON_HEADER, 'Content-Type: text/html'],
    PAID,
    unreadable('Content-Type'),
  ],
  ['gzip', coded('gzip'), gzipped, taken],
  ['x-gzip, upper case', coded('X-GZIP'), gzipped, taken],
  ['br', coded('br'), zlib.brotliCompressSync(PAID), taken],
  ['deflate', coded('deflate'), zlib.deflateSync(PAID), taken],
  ['deflate without the zlib format', coded('deflate'), zlib.deflateRawSync(PAID), taken],
  ['zstd', coded('zstd'), zlib.zstdCompressSync(PAID), taken],
  ['gzip in gzip', coded('gzip, gzip'), zlib.gzipSync(gzipped), taken],
  ['Content-Encoding twice', [...coded('identity'), 'Content-Encoding: gzip'], gzipped, taken],
  ['identity', coded('identity'), PAID, taken],
  ['gzip in chunks', [...coded('gzip'), 'X-Note: chunks'], gzipped, taken],
  [
    'gzip of 20 bytes that say they are',
    coded('gzip'),
    'x'.repeat(20),
    unreadable('Content-Encoding (gzip)'),
  ],
  ['gzip that is plain', coded('gzip'), PAID, unreadable('Content-Encoding (gzip)')],
  ['gzip that is cut', coded('gzip'), gzipped.subarray(0, -10), unreadable('Content-Encoding (gzip)')],
  ['a coding that nobody knows', coded('compress'), PAID, unreadable('Content-Encoding (compress)')],
  ['gzip nine times', coded(Array(9).fill('gzip').join(',')), gzipped, unreadable('Content-Encoding (gzip')],
  [
    'a gzip bomb',
    coded('gzip'),
    zlib.gzipSync(Buffer.alloc(100 * MEBIBYTE)),
    unreadable('Content-Encoding (gzip)'),
  ],
  [
    'a brotli bomb',
    coded('br'),
    zlib.brotliCompressSync(Buffer.alloc(30 * MEBIBYTE)),
    unreadable('Content-Encoding (br)'),
  ],
  ['a URL of 2,130 characters', JSON_HEADER, redirect(2_130), { kind: 'completed' }],
  ['a URL of 8,192 characters', JSON_HEADER, redirect(8_192), { kind: 'completed' }],
  [
    'a mobile URL of 8,192 characters',
    JSON_HEADER,
    redirect(8_192, 'redirectToUrlMobile'),
    { kind: 'completed' },
  ],
  ['a URL of 8,193 characters', JSON_HEADER, redirect(8_193), invalid('8,192 characters')],
  [
    'a description of 1 MiB, cut',
    JSON_HEADER,
    `{"resultDescription":"${'4%20'.repeat(260_000)}",${PAID.slice(1)}`,
    taken,
  ],
];

const AMBIGUOUS: readonly Case[] = [
  [
    'two results',
    JSON_HEADER,
    '{"result":"OK","result":"KO","paymentId":"pm_1"}',
    invalid('/result occurs more than once'),
  ],
  [
    'the same result twice',
    JSON_HEADER,
    '{"result":"OK","result":"OK","paymentId":"pm_1"}',
    invalid('/result'),
  ],
  [
    'two paymentIds',
    JSON_HEADER,
    '{"result":"OK","paymentId":"a","paymentId":"b"}',
    unreadable('/paymentId'),
  ],
  [
    'two results, one escaped',
    JSON_HEADER,
    '{"result":"OK","\\u0072esult":"KO","paymentId":"pm_1"}',
    invalid('/result'),
  ],
  ['two members of metadata', JSON_HEADER, withMetadata('{"a":{"b":1,"b":2}}'), invalid('/metadata/a/b')],
  [
    'two redirects',
    JSON_HEADER,
    `{"redirectToUrl":"https://a.example","redirectToUrl":"https://b.example",${PAID.slice(1)}`,
    invalid('/redirectToUrl'),
  ],
  ['two fields that are dropped', JSON_HEADER, `{"note":1,"note":{"a":1,"a":2},${PAID.slice(1)}`, taken],
  ['names that differ in case', JSON_HEADER, `{"Result":"KO",${PAID.slice(1)}`, taken],
  ['two documents', JSON_HEADER, PAID + PAID, unreadable('not JSON')],
];

const VALUES: readonly Case[] = [
  [
    'a time in milliseconds',
    JSON_HEADER,
    withMetadata('{"createdAt":1795787386469}'),
    kept('{"createdAt":1795787386469}'),
  ],
  [
    'an id of 19 digits',
    JSON_HEADER,
    withMetadata('{"id":1152921506151679042}'),
    kept('{"id":1152921506151679042}'),
  ],
  ['1e400', JSON_HEADER, withMetadata('{"n":1e400}'), kept('{"n":1e400}')],
  ['-1e-400', JSON_HEADER, withMetadata('[-1e-400]'), kept('[-1e-400]')],
  ['-0', JSON_HEADER, withMetadata('[-0,[-0.0]]'), kept('[-0,[-0.0]]')],
  ['1.0', JSON_HEADER, withMetadata('{"price":1.0,"b":12.50}'), kept('{"price":1.0,"b":12.50}')],
  ['1E2', JSON_HEADER, withMetadata('{"a":[{"b":1E2}]}'), kept('{"a":[{"b":1E2}]}')],
  [
    '0.1 and more digits than a double has',
    JSON_HEADER,
    withMetadata('[0.1000000000000000055511151231257827]'),
    kept('[0.1000000000000000055511151231257827]'),
  ],
  ['a number alone', JSON_HEADER, withMetadata('12345678901234567890'), kept('12345678901234567890')],
  [
    'a number under __proto__',
    JSON_HEADER,
    withMetadata('{"__proto__":{"n":1e400}}'),
    kept('{"__proto__":{"n":1e400}}'),
  ],
  [
    'a number beside a card',
    JSON_HEADER,
    withMetadata('{"n":1.0,"pan":"4111111111111111"}'),
    kept('{"n":1.0,"pan":"************1111"}'),
  ],
  [
    'a reference of no network',
    JSON_HEADER,
    withMetadata('{"ref":"8515131751004933"}'),
    kept('{"ref":"8515131751004933"}'),
  ],
  ['a card number as a number', JSON_HEADER, withMetadata('{"pan":4111111111111111,"a":1}'), kept('{"a":1}')],
  [
    'a card number as another number',
    JSON_HEADER,
    withMetadata('{"pan":4.111111111111111e15,"a":[4111111111111111.0,2]}'),
    kept('{"a":[null,2]}'),
  ],
  [
    'null in optional fields',
    JSON_HEADER,
    `{"redirectToUrl":null,"metadata":null,${PAID.slice(1)}`,
    { kind: 'completed', text: PAID },
  ],
];

let provider: HttpExternalProvider;
let external: RawExternal;

beforeAll(async () => {
  external = await RawExternal.listen();
  provider = httpProvider(externalConfig({ baseUrl: external.baseUrl }));
});

afterAll(async () => {
  await provider.close();
  await external.close();
});

/** The outcome, and the text of the answer as the caller gets it. */
async function pay(): Promise<object> {
  const outcome: ProviderOutcome<object> = await provider.pay(payRequest, context);
  return outcome.kind === 'completed' ? { ...outcome, text: JSON.stringify(outcome.answer) } : outcome;
}

describe.each([
  ['bounds', BOUNDS],
  ['right but odd', ODD],
  ['two meanings', AMBIGUOUS],
  ['values', VALUES],
] as const)('%s', (_kind, cases) => {
  it.each(cases)('%s', async (_what, headers, body, expected) => {
    external.script = (socket) => write(socket, headers, body);
    expect(await pay()).toMatchObject(expected);
  });
});

describe('interim answers', () => {
  const INTERIM = ['100 Continue', '102 Processing', '103 Early Hints', '110 Whatever', '199 Whatever'];

  it.each([
    ...INTERIM.map((line) => [line, [line]] as const),
    ['all of them', INTERIM],
    ['100 fifty times', Array<string>(50).fill('100 Continue')],
    ['100 with headers', ['100 Continue\r\nX-Note: HTTP/1.1 200 OK']],
  ] as const)('passes over %s', async (_what, lines) => {
    external.script = (socket) => {
      for (const line of lines) socket.write(`HTTP/1.1 ${line}\r\n\r\n`);
      write(socket, JSON_HEADER, PAID);
    };
    expect(await pay()).toMatchObject(taken);
  });
});

describe('a refusal', () => {
  it.each<Case>([
    ['with a byte order mark', JSON_HEADER, '\ufeff{"detail":"no funds"}', { detail: 'no funds' }],
    ['in gzip', coded('gzip'), zlib.gzipSync('{"detail":"no funds"}'), { detail: 'no funds' }],
    [
      'with two details',
      JSON_HEADER,
      '{"detail":"a","detail":"b","message":"no funds"}',
      { detail: 'no funds' },
    ],
    [
      'of 500,000 levels',
      JSON_HEADER,
      `{"message":"no funds","detail":${deep(500_000)}}`,
      { detail: 'no funds' },
    ],
  ])('is read %s', async (_what, headers, body, expected) => {
    external.script = (socket) => write(socket, headers, body, 422);
    expect(await pay()).toMatchObject({ kind: 'rejected', ...expected });
  });
});
