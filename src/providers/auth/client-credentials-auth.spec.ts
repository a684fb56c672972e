import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  jsonAnswer,
  tokenAnswer,
  TokenServer,
  type TokenAnswer,
} from '../../../test/support/token-server.js';
import { until } from '../../../test/support/until.js';
import { AddressGuard } from '../../outbound/address-guard.js';
import { OutboundClient } from '../../outbound/outbound-client.js';
import { Secret } from '../../sensitive/secret.js';
import { Clock } from '../../shared/clock.js';
import { CredentialsUnavailable } from './credentials-unavailable.js';
import { createOutboundAuth } from './outbound-auth.factory.js';
import type { OutboundAuth, OutboundAuthDependencies } from './outbound-auth.js';
import type { ClientCredentialsConfig } from './token-request.js';

class SetClock extends Clock {
  ms = 1_700_000_000_000;
  now(): number {
    return this.ms;
  }
}

let server: TokenServer;
let clock: SetClock;
const clientThrough = (blockPrivateAddresses: boolean): OutboundClient =>
  new OutboundClient({
    guard: new AddressGuard({ blockPrivateAddresses }),
    connectTimeoutMs: 5_000,
    maxAnswerBytes: 65_536,
  });
const tokenClient = clientThrough(false);
const never = new AbortController().signal;

beforeEach(async () => {
  server = new TokenServer();
  await server.start();
  clock = new SetClock();
});
afterEach(() => server.close());
afterAll(() => tokenClient.destroy());

function auth(
  config: Partial<ClientCredentialsConfig> = {},
  dependencies: Partial<OutboundAuthDependencies> = {},
): OutboundAuth {
  return createOutboundAuth(
    {
      type: 'oauth2-client-credentials',
      tokenUrl: server.tokenUrl,
      clientId: 'gateway',
      clientSecret: new Secret('s3cret'),
      scope: undefined,
      audience: undefined,
      ...config,
    },
    { clock, tokenClient, ...dependencies },
  );
}

const bearer = (number: number) => ({ authorization: `Bearer token-${number}` });

describe('the token request', () => {
  it('is that of RFC 6749 §4.4, the client authenticated by client_secret_basic', async () => {
    await auth({ scope: 'payments refunds', audience: 'https://acme.test/' }).headers(never);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      url: '/oauth/token',
      headers: {
        authorization: `Basic ${Buffer.from('gateway:s3cret').toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
    });
    expect(Object.fromEntries(server.requests[0]!.form)).toEqual({
      grant_type: 'client_credentials',
      scope: 'payments refunds',
      audience: 'https://acme.test/',
    });
  });

  it('sends neither scope nor audience unless they are configured', async () => {
    await auth().headers(never);
    expect([...server.requests[0]!.form.keys()]).toEqual(['grant_type']);
  });

  it('form-encodes id and secret before it joins them (RFC 6749 §2.3.1)', async () => {
    await auth({ clientId: 'shop:1 é', clientSecret: new Secret('a+b%c:d') }).headers(never);
    const [, encoded] = server.requests[0]!.headers.authorization!.split(' ');
    expect(Buffer.from(encoded!, 'base64').toString()).toBe('shop%3A1+%C3%A9:a%2Bb%25c%3Ad');
  });

  it('goes through the client that it was given, so that the address guard applies', async () => {
    const guarded = clientThrough(true);
    const refused = await failure(auth({}, { tokenClient: guarded }));
    expect(refused).toMatchObject({ reason: 'token-unreachable' });
    expect(refused.message).toBe('The token endpoint could not be reached (EADDRREFUSED)');
    expect(server.requests).toHaveLength(0);
    await guarded.close();
  });
});

describe('the token', () => {
  it('is fetched once and then given at once', async () => {
    const one = auth();
    expect(await one.headers(never)).toEqual(bearer(1));
    expect(one.headers(never)).toEqual(bearer(1));
    expect(server.requests).toHaveLength(1);
  });

  it('is fetched by one request however many wait for it', async () => {
    const one = auth();
    const all = await Promise.all(Array.from({ length: 50 }, async () => one.headers(never)));
    expect(new Set(all.map((headers) => headers['authorization']))).toEqual(new Set(['Bearer token-1']));
    expect(server.requests).toHaveLength(1);
  });

  it('is renewed 30 s before its end, in the background, while the present one is used', async () => {
    const one = auth();
    await one.headers(never);
    clock.ms += 3_569_999;
    expect(one.headers(never)).toEqual(bearer(1));
    clock.ms += 1;
    for (let i = 0; i < 20; i += 1) expect(one.headers(never)).toEqual(bearer(1));
    await arrivalOf(one, 2);
    expect(server.requests).toHaveLength(2);
  });

  it('is renewed in the last tenth of a short life', async () => {
    server.answer = tokenAnswer(60);
    const one = auth();
    await one.headers(never);
    clock.ms += 53_999;
    expect(one.headers(never)).toEqual(bearer(1));
    clock.ms += 1;
    expect(one.headers(never)).toEqual(bearer(1));
    await arrivalOf(one, 2);
    expect(server.requests).toHaveLength(2);
  });

  it('is not used beyond its end', async () => {
    const one = auth();
    await one.headers(never);
    clock.ms += 3_600_000;
    expect(await one.headers(never)).toEqual(bearer(2));
  });

  it('lives five minutes without expires_in, and is used once if it is 0', async () => {
    server.answer = (response, number) =>
      jsonAnswer({ access_token: `token-${number}`, token_type: 'bearer' })(response, number);
    const one = auth();
    await one.headers(never);
    clock.ms += 269_999;
    expect(one.headers(never)).toEqual(bearer(1));
    clock.ms += 30_001;
    server.answer = tokenAnswer(0);
    expect(await one.headers(never)).toEqual(bearer(2));
    expect(await one.headers(never)).toEqual(bearer(3));
  });

  it('accepts a lifetime that is a string', async () => {
    server.answer = jsonAnswer({ access_token: 'token-1', token_type: 'Bearer', expires_in: '60' });
    const one = auth();
    await one.headers(never);
    clock.ms += 53_999;
    expect(one.headers(never)).toEqual(bearer(1));
    expect(server.requests).toHaveLength(1);
  });
});

describe('after a 401', () => {
  it('is replaced, once for all who were refused', async () => {
    const one = auth();
    const refused = await one.headers(never);
    expect(one.invalidate(refused)).toBe(true);
    expect(await one.headers(never)).toEqual(bearer(2));
    // A second request that was refused with the old token must not discard the new one.
    expect(one.invalidate(refused)).toBe(true);
    expect(one.headers(never)).toEqual(bearer(2));
    expect(server.requests).toHaveLength(2);
  });
});

describe('when no token is available', () => {
  it.each<[string, TokenAnswer, string, string]>([
    [
      '401 with an error code',
      jsonAnswer({ error: 'invalid_client', error_description: 's3cret' }, 401),
      'token-refused',
      '401 invalid_client',
    ],
    [
      '400 with odd text',
      jsonAnswer({ error: '<b>4111 1111 1111 1111</b>' }, 400),
      'token-refused',
      'answered 400',
    ],
    ['500', (response) => response.writeHead(500).end('oops'), 'token-refused', 'answered 500'],
    ['201', jsonAnswer({ access_token: 'x', token_type: 'Bearer' }, 201), 'token-refused', 'answered 201'],
    ['no JSON', (response) => response.end('<html>'), 'token-invalid', 'not a JSON object'],
    ['an empty answer', (response) => response.end(), 'token-invalid', 'not a JSON object'],
    ['a list', jsonAnswer([]), 'token-invalid', 'not a JSON object'],
    ['no access_token', jsonAnswer({ token_type: 'Bearer' }), 'token-invalid', 'no usable access_token'],
    [
      'a token that breaks the header',
      jsonAnswer({ access_token: 'a\r\nx: y', token_type: 'Bearer' }),
      'token-invalid',
      'access_token',
    ],
    [
      'another token type',
      jsonAnswer({ access_token: 'x', token_type: 'DPoP' }),
      'token-invalid',
      'token_type',
    ],
    [
      'a lifetime that is none',
      jsonAnswer({ access_token: 'x', token_type: 'Bearer', expires_in: 'soon' }),
      'token-invalid',
      'expires_in',
    ],
    [
      'a negative lifetime',
      jsonAnswer({ access_token: 'x', token_type: 'Bearer', expires_in: -1 }),
      'token-invalid',
      'expires_in',
    ],
    ['over 64 KiB', (response) => response.end(`{"a":"${'x'.repeat(70_000)}"}`), 'token-invalid', '64 KiB'],
    ['a connection cut', (response) => response.destroy(), 'token-unreachable', 'could not be reached'],
  ])('reports the reason of %s', async (_, given, reason, message) => {
    server.answer = given;
    const error = await failure(auth());
    expect(error).toBeInstanceOf(CredentialsUnavailable);
    expect(error.reason).toBe(reason);
    expect(error.message).toContain(message);
    expect(error.message).not.toMatch(/s3cret|4111|127\.0\.0\.1/);
  });

  it('follows no redirect', async () => {
    server.answer = (response) => response.writeHead(307, { location: `${server.origin}/elsewhere` }).end();
    expect(await failure(auth())).toMatchObject({ reason: 'token-refused' });
    expect(server.requests.map(({ url }) => url)).toEqual(['/oauth/token']);
  });

  it.each<[string, TokenAnswer]>([
    ['no answer', () => {}],
    ['an answer without end', (response) => void response.writeHead(200).write('{')],
  ])('ends within its deadline for %s', async (_, hung) => {
    server.answer = hung;
    expect(await failure(auth({}, { tokenTimeoutMs: 50 }))).toMatchObject({ reason: 'token-timeout' });
  });

  it('tries again with the next request', async () => {
    server.answer = jsonAnswer({}, 503);
    const one = auth();
    await failure(one);
    server.answer = tokenAnswer(60);
    expect(await one.headers(never)).toEqual(bearer(2));
  });

  it('ends the wait of who is out of time, not the request that others wait for', async () => {
    const arrived = Promise.withResolvers<ServerResponse>();
    server.answer = (response) => arrived.resolve(response);
    const one = auth();
    const impatient = new AbortController();
    const gaveUp = failure(one, impatient.signal);
    const patient = one.headers(never);
    const response = await arrived.promise;
    impatient.abort();
    expect(await gaveUp).toMatchObject({ reason: 'token-timeout' });
    tokenAnswer(60)(response, 1);
    expect(await patient).toEqual(bearer(1));
    expect(server.requests).toHaveLength(1);
  });

  it('requests no token for a call that has timed out already', async () => {
    expect(await failure(auth(), AbortSignal.abort())).toMatchObject({ reason: 'token-timeout' });
    expect(server.requests).toHaveLength(0);
  });
});

describe('a renewal that fails', () => {
  it('keeps a token that is still valid, warns, and pauses', async () => {
    const warned = Promise.withResolvers<string>();
    const one = auth({}, { onWarning: warned.resolve });
    await one.headers(never);
    server.answer = jsonAnswer({ error: 'temporarily_unavailable' }, 503);
    clock.ms += 3_590_000;
    expect(one.headers(never)).toEqual(bearer(1));
    expect(await warned.promise).toContain('503 temporarily_unavailable');
    for (let i = 0; i < 20; i += 1) expect(one.headers(never)).toEqual(bearer(1));
    clock.ms += 1_000;
    server.answer = tokenAnswer(3_600);
    expect(one.headers(never)).toEqual(bearer(1));
    await arrivalOf(one, 3);
    expect(server.requests).toHaveLength(3);
  });
});

async function failure(auth: OutboundAuth, signal = never): Promise<CredentialsUnavailable> {
  try {
    await auth.headers(signal);
  } catch (error) {
    return error as CredentialsUnavailable;
  }
  throw new Error('There was a token');
}

/** Waits until the renewal in the background is done. */
async function arrivalOf(auth: OutboundAuth, number: number): Promise<void> {
  await until(
    () => JSON.stringify(auth.headers(never)) === JSON.stringify(bearer(number)),
    `token ${number}`,
  );
}
