import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Secret } from '../../src/sensitive/secret.js';
import { SecurityMetrics } from '../../src/security/security.metrics.js';
import { signWebhook } from '../../src/webhooks/standard-webhooks.js';
import { Store } from '../../src/persistence/store.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { type RawAnswer, RawClient } from '../support/raw-client.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';
import { until } from '../support/until.js';

/** Credentials of callbacks (SPEC §6, §8): a forgery is refused, changes nothing, and is counted. */

const secret = new Secret(`whsec_${randomBytes(32).toString('base64')}`);
const foreign = new Secret(`whsec_${randomBytes(32).toString('base64')}`);
const SIGNED = { type: 'standard-webhooks', secret: secret.reveal() };

let external: StubExternal;
let gateway: Gateway;
let client: RawClient;
let refusals: string[];

beforeAll(async () => {
  external = await startStubExternal();
  const at = (externalService: string, more: object = {}): object => ({
    externalService,
    baseUrl: external.url,
    ...more,
  });
  gateway = await startGateway({
    externals: [
      at('signed', { callbackAuth: SIGNED }),
      at('signed-near', { callbackAuth: SIGNED, callbackAllowedIps: ['127.0.0.0/8'] }),
      at('signed-far', { callbackAuth: SIGNED, callbackAllowedIps: ['192.0.2.0/24', '2001:db8::/32'] }),
      at('bearer', { callbackAuth: { type: 'bearer', token: 'callback-token' } }),
      at('basic', { callbackAuth: { type: 'basic', username: 'acme', password: 'pass:word' } }),
      at('open'),
      at('open-far', { callbackAllowedIps: ['192.0.2.0/24'] }),
    ],
    env: { API_AUTH: 'required', API_KEYS: 'shop:shop-secret', TRUST_PROXY: '1' },
  });
  client = new RawClient(gateway.url);
});
beforeEach(() => {
  refusals = [];
  jest
    .spyOn(gateway.app.get(SecurityMetrics), 'countCallbackRefusal')
    .mockImplementation((name, reason) => void refusals.push(`${name} ${reason}`));
});
afterEach(() => {
  external.requests.length = 0;
});
afterAll(async () => {
  client.close();
  await gateway.close();
  await external.close();
});

interface Signed {
  readonly id?: string;
  readonly timestampS?: number;
  readonly secrets?: readonly Secret[];
}

const nowS = (): number => Math.floor(Date.now() / 1_000);
let ids = 0;

function signature(body: string, { id, timestampS = nowS(), secrets = [secret] }: Signed = {}): string[] {
  const webhookId = id ?? `msg_${(ids += 1)}`;
  const signed = signWebhook({ id: webhookId, timestampS, body, secrets });
  return ['webhook-id', webhookId, 'webhook-timestamp', String(timestampS), 'webhook-signature', signed];
}

const post = (name: string, body: string, headers: readonly string[] = []): Promise<RawAnswer> =>
  client.send({
    method: 'POST',
    target: `/v3/${name}/callback`,
    headers: ['Content-Type', 'application/json', ...addressed(headers)],
    body,
  });
const get = (target: string, headers: readonly string[] = []): Promise<RawAnswer> =>
  client.send({ method: 'GET', target, headers: addressed(headers) });
let senders = 0;
/** From an address of its own in 127/8: many wrong credentials from one are slowed. */
function addressed(headers: readonly string[]): readonly string[] {
  senders = (senders + 1) % 65_536;
  return headers.includes('X-Forwarded-For')
    ? headers
    : [...headers, ...from(`127.1.${senders >> 8}.${senders & 255}`)];
}
const body = (paymentId = `pm-${(ids += 1)}`): string => JSON.stringify({ paymentId });
const from = (address: string): string[] => ['X-Forwarded-For', address];
const codeOf = (answer: RawAnswer): unknown => (JSON.parse(answer.text) as { code?: unknown }).code;

const stored = async (): Promise<number> => {
  const { kysely } = gateway.app.get(Store);
  const { count } = await kysely
    .selectFrom('callbacks')
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
};

describe('valid credentials', () => {
  it.each<[string, () => Promise<RawAnswer>]>([
    ['a signature', () => post('signed', ...withSignature(body()))],
    ['a signature from an allowed address', () => post('signed-near', ...withSignature(body()))],
    ['a signature from an allowed address behind a proxy', () => farAway('192.0.2.77')],
    ['the same as IPv4 in IPv6', () => farAway('::ffff:192.0.2.77')],
    ['an allowed IPv6 address', () => farAway('2001:db8::7')],
    ['an allowed address with a port', () => farAway('192.0.2.77:51008')],
    ['an allowed IPv6 address with a port', () => farAway('[2001:db8::7]:443')],
    ['the same in quotes', () => farAway('"[2001:db8::7]:443"')],
    ['an allowed IPv6 address with a zone', () => farAway('2001:db8::7%eth0')],
    ['an allowed address after forged ones', () => farAway('unknown, 198.51.100.1:1, 192.0.2.77:51008')],
    ['a bearer token', () => post('bearer', body(), ['Authorization', 'Bearer callback-token'])],
    ['user and password', () => post('basic', body(), ['Authorization', `Basic ${btoa('acme:pass:word')}`])],
    ['none, where none are asked for', () => post('open', body())],
    [
      'a GET signed over its target',
      () => get('/v3/signed/callback?paymentId=p%201', signature('/v3/signed/callback?paymentId=p%201')),
    ],
  ])('%s', async (_what, send) => {
    const before = await stored();
    const answer = await send();
    expect([answer.status, refusals]).toEqual([200, []]);
    expect(await stored()).toBe(before + 1);
  });

  const withSignature = (text: string): [string, string[]] => [text, signature(text)];
  const farAway = (address: string): Promise<RawAnswer> => {
    const text = body();
    return post('signed-far', text, [...signature(text), ...from(address)]);
  };

  it('a repeat is acknowledged again and processed once', async () => {
    const text = body('pm-again');
    const headers = signature(text, { id: 'msg_again' });
    const before = await stored();
    const first = await post('signed', text, headers);
    const second = await post('signed', text, headers);
    const resent = await post('signed', text, signature(text, { id: 'msg_again', timestampS: nowS() - 1 }));
    for (const answer of [first, second, resent]) {
      expect([answer.status, answer.text]).toEqual([200, '{"received":true,"paymentId":"pm-again"}']);
    }
    expect(await stored()).toBe(before + 1);
    expect(refusals).toEqual(['signed replayed', 'signed replayed']);
  });

  it('a callback that was not acknowledged may be repeated with the same id', async () => {
    const headers = signature('{}', { id: 'msg_refused' });
    expect((await post('signed', '{}', headers)).status).toBe(400);
    const text = body();
    expect((await post('signed', text, signature(text, { id: 'msg_refused' }))).status).toBe(200);
    expect(refusals).toEqual([]);
  });
});

describe('the ids of a signed callback', () => {
  const signedPost = (
    target: string,
    text: string,
    type = 'application/json',
    id?: string,
  ): Promise<RawAnswer> =>
    client.send({
      method: 'POST',
      target,
      headers: ['Content-Type', type, ...signature(text, id === undefined ? {} : { id })],
      body: text,
    });
  const lastStored = async (): Promise<string | undefined> => {
    const { kysely } = gateway.app.get(Store);
    const row = await kysely
      .selectFrom('callbacks')
      .select('payment_id')
      .orderBy('id', 'desc')
      .executeTakeFirst();
    return row?.payment_id;
  };

  it.each([
    ['none in the body', '{"event":"paid"}'],
    ['null in the body', '{"paymentId":null}'],
    ['an empty form', 'event=paid'],
  ])('are never taken from the query of a POST: %s', async (_what, text) => {
    const type = text.startsWith('{') ? undefined : 'application/x-www-form-urlencoded';
    const before = await stored();
    const answer = await signedPost('/v3/signed/callback?paymentId=of-a-stranger', text, type);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'validation-failed']);
    expect(answer.text).toContain('the signed body names the payment');
    expect(await stored()).toBe(before);
  });

  it('come from the body, whatever the query names', async () => {
    for (const query of ['?paymentId=of-a-stranger', '?paymentId=1&paymentId=2', '?paymentId=%ff']) {
      const paymentId = `pm-body-${(ids += 1)}`;
      const answer = await signedPost(`/v3/signed/callback${query}`, JSON.stringify({ paymentId }));
      expect([answer.status, answer.text]).toEqual([200, JSON.stringify({ received: true, paymentId })]);
      expect(await lastStored()).toBe(paymentId);
    }
  });

  it('come from a JSON text also where an unsigned header calls it a form', async () => {
    const paymentId = `pm-json-${(ids += 1)}`;
    const text = JSON.stringify({ paymentId, note: '&paymentId=of-a-stranger' });
    const answer = await signedPost('/v3/signed/callback', text, 'application/x-www-form-urlencoded');
    expect(answer.status).toBe(200);
    expect(await lastStored()).toBe(paymentId);
  });

  it('one webhook-id with another body is another message, logged and counted', async () => {
    const reused: string[] = [];
    jest
      .spyOn(gateway.app.get(SecurityMetrics), 'countReusedCallbackId')
      .mockImplementation((name) => void reused.push(name));
    const [first, second] = [body(), body()];
    const before = await stored();
    for (const text of [first, second, second, first]) {
      const answer = await signedPost('/v3/signed/callback', text, undefined, 'msg_two');
      expect([answer.status, JSON.parse(answer.text)]).toEqual([
        200,
        { received: true, ...(JSON.parse(text) as object) },
      ]);
    }
    expect(await stored()).toBe(before + 2);
    expect(reused).toEqual(['signed']);
    expect(refusals).toEqual(['signed replayed', 'signed replayed']);
  });
});

/** Each is a callback to refuse, and its status. */
const FORGERIES: readonly [what: string, status: number, send: () => Promise<RawAnswer>][] = [
  ['no signature', 401, () => post('signed', body())],
  ['a wrong secret', 401, () => forged({ secrets: [foreign] })],
  ['a signature over another body', 401, () => post('signed', body(), signature(body()))],
  ['a body that was changed by a space', 401, () => changed((text) => `${text} `)],
  ['an old timestamp', 401, () => forged({ timestampS: nowS() - 301 })],
  ['a timestamp of the future', 401, () => forged({ timestampS: nowS() + 302 })],
  ['a changed timestamp', 401, () => altered('webhook-timestamp', String(nowS() + 1))],
  ['a changed id', 401, () => altered('webhook-id', 'msg_other')],
  ['a cut signature', 401, () => altered('webhook-signature', 'v1,AAAA')],
  ['an asymmetric signature', 401, () => altered('webhook-signature', `v1a,${'A'.repeat(86)}==`)],
  ['doubled headers', 401, () => doubled()],
  [
    'a signed GET with another target',
    401,
    () => get('/v3/signed/callback?paymentId=2', signature('/v3/signed/callback?paymentId=1')),
  ],
  ['a body signed for a GET', 401, () => get('/v3/signed/callback?paymentId=1', signature(''))],
  ['an empty body', 401, () => post('signed', '')],
  ['a huge body', 413, () => post('signed', 'x'.repeat(200_000), signature('x'))],
  ['a huge body for nobody', 413, () => post('nobody', 'x'.repeat(200_000))],
  ['a wrong token', 401, () => post('bearer', body(), ['Authorization', 'Bearer callback-tokem'])],
  ['a token that is too short', 401, () => post('bearer', body(), ['Authorization', 'Bearer c'])],
  ['the key of a caller', 401, () => post('bearer', body(), ['X-Api-Key', 'shop-secret'])],
  [
    'a token where a signature is asked for',
    401,
    () => post('signed', body(), ['Authorization', 'Bearer x']),
  ],
  ['a wrong password', 401, () => post('basic', body(), ['Authorization', `Basic ${btoa('acme:x')}`])],
  ['a foreign address', 403, () => far(from('198.51.100.1'))],
  ['a foreign address behind another', 403, () => far(from('192.0.2.1, 198.51.100.1'))],
  ['an address that is none', 403, () => far(from('192.0.2.1:http'))],
  ['an address that the proxy does not know', 403, () => far(from('192.0.2.1, unknown'))],
  ['an identifier instead of an address', 403, () => far(from('192.0.2.1, for=192.0.2.1'))],
  ['a foreign address with a port', 403, () => far(from('192.0.2.1:80, 198.51.100.1:80'))],
  ['a foreign IPv6 address with a port', 403, () => far(from('[2001:db8::1]:443, [2001:db9::1]:443'))],
  ['an allowed address that only the client names', 403, () => far(from('198.51.100.1, ,'))],
  ['a foreign address and no credentials', 401, () => post('signed-far', body(), from('198.51.100.1'))],
  ['a foreign address where no credentials are asked for', 401, () => post('open-far', body())],
  ['an external that does not exist', 401, () => post('nobody', body())],
  ['the name in another case', 401, () => post('SIGNED', body())],
  ['a name that is encoded', 401, () => post('%73igned', body())],
  ['a property of every object', 401, () => post('__proto__', body())],
];

function forged(signed: Signed): Promise<RawAnswer> {
  const text = body();
  return post('signed', text, signature(text, signed));
}

function changed(change: (text: string) => string): Promise<RawAnswer> {
  const text = body();
  return post('signed', change(text), signature(text));
}

function altered(name: string, value: string): Promise<RawAnswer> {
  const text = body();
  const headers = signature(text);
  headers[headers.indexOf(name) + 1] = value;
  return post('signed', text, headers);
}

function doubled(): Promise<RawAnswer> {
  const text = body();
  const headers = signature(text);
  return post('signed', text, [...headers, ...headers]);
}

function far(headers: string[]): Promise<RawAnswer> {
  const text = body();
  return post('signed-far', text, [...signature(text), ...headers]);
}

describe('forgeries', () => {
  it('1,000 forgeries: none reaches the external, none is stored, each is refused and counted', async () => {
    const text = body('pm-genuine');
    const genuine = signature(text);
    expect((await post('signed', text, genuine)).status).toBe(200);
    await untilQuiet();
    const before = await stored();
    const asked = external.requests.length;
    const ways = [...FORGERIES, ['a replay', 200, () => post('signed', text, genuine)] as const];
    const wrong: unknown[] = [];
    await Promise.all(
      Array.from({ length: 8 }, async (_, lane) => {
        for (let i = lane; i < 1_000; i += 8) {
          const [what, status, send] = ways[i % ways.length]!;
          const answer = await send();
          if (answer.status !== status) wrong.push([what, answer.status]);
        }
      }),
    );
    expect(wrong).toEqual([]);
    expect(await stored()).toBe(before);
    expect(external.requests.length).toBe(asked);
    // A body that is too large is refused for everyone, regardless of credentials.
    const huge = FORGERIES.filter(([, status]) => status === 413).length;
    const perRound = ways.length - huge;
    expect(refusals.length).toBeGreaterThanOrEqual(Math.floor(1_000 / ways.length) * perRound);
    expect(new Set(refusals)).toEqual(
      new Set([
        'signed signature',
        'signed timestamp',
        'signed replayed',
        'bearer credentials',
        'basic credentials',
        'signed-far signature',
        'signed-far address',
        'open-far address',
        'undefined unknown-external',
      ]),
    );
  });

  it('an unknown external is refused like a known one', async () => {
    const told = async (name: string): Promise<unknown> => {
      const { status, headers, text } = await post(name, body());
      const { requestId: _own, instance: _path, ...document } = JSON.parse(text) as Record<string, unknown>;
      const { 'x-request-id': _id, date: _date, 'content-length': _length, ...named } = headers;
      return { status, named, document };
    };
    const nobody = await told('nobody');
    for (const name of ['signed', 'bearer', 'basic', 'signed-far']) expect(await told(name)).toEqual(nobody);
  });

  it('other methods are refused', async () => {
    for (const method of ['PUT', 'DELETE', 'HEAD', 'PATCH']) {
      const refused = await client.send({ method, target: '/v3/signed/callback' });
      expect([method, refused.status]).toEqual([method, 401]);
      const known = await client.send({
        method,
        target: '/v3/bearer/callback?paymentId=1',
        headers: ['Authorization', 'Bearer callback-token'],
      });
      expect([method, known.status]).toEqual([method, 405]);
    }
    expect(codeOf(await post('bearer/', body()))).toBe('unauthenticated');
  });
});

/** The genuine callback is verified in the background: its query must not be counted for a forgery. */
async function untilQuiet(): Promise<void> {
  const { kysely } = gateway.app.get(Store);
  const open = () => kysely.selectFrom('callbacks').select('id').where('finished_at', 'is', null).execute();
  await until(async () => (await open()).length === 0, 'the genuine callback to be verified');
}
