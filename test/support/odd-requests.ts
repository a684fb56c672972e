import fc, { type Arbitrary } from 'fast-check';
import type { RawRequest } from './raw-client.js';
import type { Route } from './routes.js';

/** Odd requests that HTTP allows; {@link oddBytes} covers the others. */

const NASTY = [
  '',
  ' ',
  '.',
  '..',
  '%',
  '%00',
  '%2e%2e%2f',
  '%ff%fe',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toJSON',
  '\u0000',
  '\ud800',
  '\udfff\ud83d',
  '\u202e\u2066',
  '\ufeff',
  'İstanbul',
  'ﬀ',
  '💥'.repeat(64),
  'a'.repeat(256),
  '4111111111111111',
  '${jndi:ldap://x}',
  "' or 1=1 --",
  '<script>',
  'null',
  '-0',
  '1e999',
  '9007199254740993',
];

const text: Arbitrary<string> = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

/** Any JSON value, with keys of built-in objects and unusual numbers. */
const value: Arbitrary<unknown> = fc.oneof(
  text,
  fc.constantFrom(null, true, 0, -0, -1, 0.1, 1e21, 1e-7, 999_999_999_999, 2 ** 53, Number.MAX_VALUE, [], {}),
  fc.jsonValue({ maxDepth: 4 }),
  fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4, noNullPrototype: false }),
);

/** Nested so deep that a recursive walk overflows the stack. */
const deep: Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(10, 900, 1_100, 4_000, 60_000),
    fc.constantFrom(['[', ']'], ['{"a":', '}'], ['[{"a":', '}]']),
    fc.boolean(),
  )
  .map(([depth, [open, close], long]) => {
    const times = Math.min(depth, Math.floor(120_000 / (open.length + close.length)));
    return open.repeat(times) + (long ? '90071992547409930' : '1') + close.repeat(times);
  });

const IDENTIFIER = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('pm-1', 'sub-1', 'order-1') },
  { weight: 1, arbitrary: text },
);

const GOOD_BODY = {
  amount: 1,
  currency: 'EUR',
  shopTransactionId: 'order-1',
  paymentId: 'pm-1',
  successRedirectUrl: 'https://shop.example/ok',
  providerData: {},
  subscriptionInfo: { interval: 'DAY', intervalCount: 1, token: 'sub-1' },
};

/** A valid body with some members omitted, some of another type, and some unknown. */
const body: Arbitrary<string> = fc
  .tuple(
    fc.subarray(Object.keys(GOOD_BODY), { minLength: 2 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...Object.keys(GOOD_BODY)), text), value, { maxKeys: 3 }),
  )
  .map(([names, others]) =>
    JSON.stringify({
      ...Object.fromEntries(Object.entries(GOOD_BODY).filter(([name]) => names.includes(name))),
      ...others,
    }),
  );

const payload: Arbitrary<string | Buffer> = fc.oneof(
  { weight: 6, arbitrary: body },
  { weight: 1, arbitrary: deep },
  {
    weight: 1,
    arbitrary: deep.map(
      (json) => `{"amount":1,"currency":"EUR","shopTransactionId":"d","providerData":{"a":${json}}}`,
    ),
  },
  { weight: 1, arbitrary: value.map((json) => JSON.stringify(json)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.tuple(body, fc.nat(300)).map(([json, length]) => json.slice(0, length)) },
  { weight: 1, arbitrary: body.map((json) => json.replace('{', '{"amount":2,"__proto__":{"amount":3},')) },
  {
    weight: 1,
    arbitrary: fc.tuple(text, text).map(([a, b]) =>
      new URLSearchParams([
        ['paymentId', a.toWellFormed()],
        [b.toWellFormed(), a.toWellFormed()],
      ]).toString(),
    ),
  },
  { weight: 1, arbitrary: fc.constant('x'.repeat(140_000)) },
);

/** Characters of a request target; the others are percent-encoded, or half of them. */
const inTarget = (written: string): string =>
  written.replaceAll(/[^!$&-;=@-Z_a-z~%-]/gu, (character) => {
    try {
      return encodeURIComponent(character);
    } catch {
      return '%ED%A0%80';
    }
  });

const query: Arbitrary<string> = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom('paymentId', 'limit', 'cursor', 'state'), text), IDENTIFIER), {
    maxLength: 4,
  })
  .map((pairs) =>
    pairs.length > 0
      ? `?${pairs.map(([name, given]) => `${inTarget(name)}=${inTarget(given)}`).join('&')}`
      : '',
  );

const headerValue: Arbitrary<string> = fc
  .oneof(
    { weight: 30, arbitrary: fc.constantFrom(...NASTY) },
    { weight: 30, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 60 }) },
    { weight: 1, arbitrary: fc.constant('y'.repeat(17_000)) },
  )
  .map((written) => written.replaceAll(/[^\t\x20-\x7e\x80-\xff]/gu, ''));

const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'APPLICATION/JSON',
  'text/plain',
  'application/x-www-form-urlencoded',
  'application/json; charset=utf-16',
  'multipart/form-data; boundary=x',
  '',
  ',',
];

const ODD_HEADERS = [
  'Idempotency-Key',
  'X-Request-Id',
  'Traceparent',
  'Tracestate',
  'Accept',
  'Content-Encoding',
  'Accept-Encoding',
  'Cookie',
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'X-HTTP-Method-Override',
  'If-None-Match',
  'Range',
  'Webhook-Id',
  'Webhook-Timestamp',
  'Webhook-Signature',
  'Origin',
  '__proto__',
];

const headerName: Arbitrary<string> = fc
  .string({ unit: fc.constantFrom(...'abcXYZ-_0'), minLength: 1, maxLength: 20 })
  .map((name) => `X-${name}`);

const header: Arbitrary<[string, string]> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('Content-Type'), fc.constantFrom(...TYPES)) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('X-Api-Key', 'Authorization', 'Host'), headerValue) },
  { weight: 12, arbitrary: fc.tuple(fc.constantFrom(...ODD_HEADERS), headerValue) },
  { weight: 4, arbitrary: fc.tuple(headerName, headerValue) },
);

/** One in ten. */
function seldom<T>(arbitrary: Arbitrary<T>): Arbitrary<T | undefined> {
  return fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

const METHODS = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY'];

/** A request to one of `routes` or to another path, most with `apiKey`. */
export function oddRequest(routes: readonly Route[], apiKey: string): Arbitrary<RawRequest> {
  const path = fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(
          fc.constantFrom(...routes),
          fc.oneof({ weight: 9, arbitrary: fc.constant('acme') }, { weight: 1, arbitrary: text }),
          IDENTIFIER,
        )
        .map(([route, external, other]) => ({
          method: route.method,
          path: route.path
            .replaceAll(/[{}]/g, '')
            .replaceAll(/[:*](\w+)/g, (_whole, name: string) =>
              inTarget(name === 'external' ? external : other),
            ),
        })),
    },
    { weight: 1, arbitrary: text.map((written) => ({ method: 'GET', path: `/${inTarget(written)}` })) },
  );
  return fc
    .record({
      at: path,
      otherMethod: seldom(fc.constantFrom(...METHODS)),
      query,
      json: fc.constantFrom(true, true, true, false),
      key: fc.constantFrom(true, true, true, false),
      headers: fc.array(header, { maxLength: 4 }),
      payload: fc.option(payload, { freq: 6 }),
    })
    .map((parts) => {
      const method = parts.otherMethod ?? parts.at.method;
      const sendsBody = parts.payload !== null && method !== 'GET' && method !== 'HEAD' && method !== 'TRACE';
      return {
        method,
        target: `${parts.at.path}${parts.query}`,
        headers: [
          ...(parts.json ? ['Content-Type', 'application/json'] : []),
          ...(parts.key ? ['X-Api-Key', apiKey] : []),
          ...parts.headers.flat(),
        ],
        ...(sendsBody && { body: parts.payload! }),
      };
    });
}

/** A request with bytes replaced, added or removed: most are invalid HTTP. */
export const oddBytes: Arbitrary<Buffer> = fc
  .tuple(
    fc.constantFrom(
      'GET /v3/acme/status?paymentId=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      'POST /v3/acme/pay HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
      'POST /v3/acme/callback HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    ),
    fc.array(fc.tuple(fc.nat(150), fc.uint8Array({ maxLength: 6 }), fc.nat(6)), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([request, changes]) => {
    let bytes = Buffer.from(request, 'latin1');
    for (const [at, inserted, removed] of changes) {
      bytes = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)]);
    }
    return bytes;
  });
