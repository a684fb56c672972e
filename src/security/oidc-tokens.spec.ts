import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { SignJWT, UnsecuredJWT } from 'jose';
import type { ServerResponse } from 'node:http';
import { AUDIENCE, type Issuer, oidcConfigOf, startIssuer } from '../../test/support/issuer.js';
import { until } from '../../test/support/until.js';
import { TestClock } from '../../test/support/test-clock.js';
import { Problem } from '../problems/problem.js';
import { AddressGuard } from '../outbound/address-guard.js';
import { IssuerConnection } from './issuer-connection.js';
import { OidcTokens } from './oidc-tokens.js';

describe('OidcTokens', () => {
  let issuer: Issuer;
  let tokens: OidcTokens;
  let clock: TestClock;
  let failures: unknown[];

  beforeEach(async () => {
    issuer = await startIssuer();
    clock = new TestClock(Date.now());
    failures = [];
    jest.spyOn(Logger.prototype, 'debug').mockImplementation(() => undefined);
    jest.spyOn(Logger.prototype, 'error').mockImplementation((message) => void failures.push(message));
    const connection = new IssuerConnection(new AddressGuard({ blockPrivateAddresses: false }));
    tokens = new OidcTokens(oidcConfigOf(issuer), connection, clock);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await tokens.onApplicationShutdown();
    await issuer.close();
  });

  const codeOf = async (token: string): Promise<string> => {
    try {
      await tokens.verify(token);
      return 'accepted';
    } catch (error) {
      return error instanceof Problem ? error.code : String(error);
    }
  };
  const nowS = (): number => Math.floor(clock.now() / 1_000);

  it('reads the name from sub and the known scopes from scope', async () => {
    const token = await issuer.sign({ sub: 'shop-7', scope: 'openid payments admin Refunds' });
    expect(await tokens.verify(token)).toEqual({
      name: 'oidc:shop-7',
      scopes: new Set(['payments', 'admin', 'admin-read', 'admin-act', 'admin-settle']),
      externals: undefined,
    });
  });

  it('accepts a token without scopes, which permits nothing', async () => {
    for (const scope of [undefined, '', 7, { payments: true }, [['payments']], [7], 'payments,refunds']) {
      expect((await tokens.verify(await issuer.sign({ scope }))).scopes.size).toBe(0);
    }
  });

  it('requests the discovery document and the keys once', async () => {
    for (let i = 0; i < 3; i += 1) expect(await codeOf(await issuer.sign())).toBe('accepted');
    expect(issuer.requested).toEqual(['/.well-known/openid-configuration', '/jwks']);
  });

  it.each<[string, (issuer: Issuer) => Promise<string>]>([
    ['of another issuer', (by) => by.sign({ iss: 'https://elsewhere.example' })],
    ['for another audience', (by) => by.sign({ aud: 'https://other.example' })],
    ['without audience', (by) => by.sign({ aud: undefined })],
    ['expired a minute ago', (by) => by.sign({ exp: nowS() - 60 })],
    ['without an end', (by) => by.sign({ exp: undefined })],
    ['not valid yet', (by) => by.sign({ nbf: nowS() + 60 })],
    ['without a subject', (by) => by.sign({ sub: undefined })],
    ['with a subject that is none', (by) => by.sign({ sub: '' })],
    ['with a subject of control characters', (by) => by.sign({ sub: 'a\nb' })],
    ['by a key that is not published', (by) => by.sign({}, { keyId: 'key-9' })],
    ['changed on the way', async (by) => `${(await by.sign()).slice(0, -6)}AAAAAA`],
    [
      'signed by HMAC',
      async (by) =>
        new SignJWT({ iss: by.url, aud: AUDIENCE, sub: 'x', exp: nowS() + 60 })
          .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
          .sign(Buffer.alloc(32)),
    ],
    [
      'not signed',
      async (by) => new UnsecuredJWT({ iss: by.url, aud: AUDIENCE, sub: 'x', exp: nowS() + 60 }).encode(),
    ],
    ['that is none', async () => 'a.b.c'],
  ])('refuses a token %s', async (_what, sign) => {
    expect(await codeOf(await sign(issuer))).toBe('unauthenticated');
    expect(failures).toEqual([]);
  });

  it('accepts clocks that differ by 30 s', async () => {
    expect(await codeOf(await issuer.sign({ exp: nowS() - 29 }))).toBe('accepted');
    expect(await codeOf(await issuer.sign({ exp: nowS() - 31 }))).toBe('unauthenticated');
    expect(await codeOf(await issuer.sign({ nbf: nowS() + 29 }))).toBe('accepted');
  });

  it('answers 503 while the issuer is unavailable, requests it at most once in five seconds, and recovers', async () => {
    issuer.available = false;
    const token = await issuer.sign();
    expect(await Promise.all([token, token, token].map(codeOf))).toEqual(
      Array(3).fill('authentication-unavailable'),
    );
    clock.advance(4_999);
    expect(await codeOf(token)).toBe('authentication-unavailable');
    expect(issuer.requested).toHaveLength(1);
    expect(failures).toHaveLength(1);
    issuer.available = true;
    clock.advance(1);
    expect(await codeOf(token)).toBe('accepted');
  });

  it('retrieves a rotated key at once, for all requests with the new key', async () => {
    expect(await codeOf(await issuer.sign())).toBe('accepted');
    await issuer.rotate('key-2');
    const token = await issuer.sign();
    expect(await Promise.all(Array.from({ length: 20 }, () => codeOf(token)))).toEqual(
      Array(20).fill('accepted'),
    );
    expect(issuer.requested).toEqual(['/.well-known/openid-configuration', '/jwks', '/jwks']);
  });

  it('finds a new key among made-up ones, with few requests to the issuer', async () => {
    expect(await codeOf(await issuer.sign())).toBe('accepted');
    for (let i = 0; i < 6; i += 1) {
      expect(await codeOf(await issuer.sign({}, { keyId: `made-up-${i}` }))).toBe('unauthenticated');
    }
    await issuer.rotate('key-2');
    const forged = Array.from({ length: 200 }, async (_, i) =>
      codeOf(await issuer.sign({}, { keyId: `also-made-up-${i}` })),
    );
    const genuine = Array.from({ length: 20 }, async () => codeOf(await issuer.sign()));
    expect(new Set(await Promise.all(genuine))).toEqual(new Set(['accepted']));
    expect(new Set(await Promise.all(forged))).toEqual(new Set(['unauthenticated']));
    expect(issuer.requested.filter((path) => path === '/jwks').length).toBeLessThanOrEqual(10);
  });

  it('finds a key that is published while the keys are fetched', async () => {
    expect(await codeOf(await issuer.sign())).toBe('accepted');
    const [begun, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const before = await publishedNow();
    issuer.answer = (path, response) => {
      if (path !== '/jwks') return false;
      issuer.answer = () => false;
      begun.resolve();
      void held.promise.then(() => response.end(before));
      return true;
    };
    const forged = codeOf(await issuer.sign({}, { keyId: 'made-up' }));
    await begun.promise;
    await issuer.rotate('key-2');
    const genuine = codeOf(await issuer.sign());
    await new Promise((resolve) => setImmediate(resolve));
    held.resolve();
    expect(await Promise.all([forged, genuine])).toEqual(['unauthenticated', 'accepted']);
  });

  const publishedNow = async (): Promise<string> => (await fetch(`${issuer.url}/jwks`)).text();

  /** Each answers every request to the issuer, which was available before. */
  it.each<[string, (response: ServerResponse) => void]>([
    ['unavailable', (response) => response.writeHead(503).end()],
    ['cutting connections', (response) => response.destroy()],
    ['answering a page', (response) => response.end('<h1>Maintenance</h1>')],
    ['answering no keys', (response) => response.end('{"keys":[]}')],
    ['answering null', (response) => response.end('null')],
    ['redirecting', (response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['answering "not modified"', (response) => response.writeHead(304).end()],
  ])('keeps its last keys for tokens of an hour while the issuer is %s', async (_what, answer) => {
    const token = await issuer.sign({ exp: nowS() + 3_600 });
    expect(await codeOf(token)).toBe('accepted');
    issuer.answer = (_path, response) => (answer(response), true);
    for (let minutes = 0; minutes < 50; minutes += 10) {
      expect(await codeOf(token)).toBe('accepted');
      clock.advance(600_001);
    }
    await until(() => failures.length > 0, 'the report');
    expect(failures[0]).toContain('those of before stay in use');
    expect(await codeOf(await issuer.sign({ exp: nowS() + 60 }, { keyId: 'key-2' }))).toBe(
      'authentication-unavailable',
    );
    issuer.answer = () => false;
    clock.advance(5_001);
    await issuer.rotate('key-2');
    expect(await codeOf(await issuer.sign({ exp: nowS() + 60 }))).toBe('accepted');
    // Replaced: the key is withdrawn.
    expect(await codeOf(token)).toBe('unauthenticated');
  });

  it('fetches its keys again after 10 minutes, and forgets those that were withdrawn', async () => {
    const token = await issuer.sign({ exp: nowS() + 3_600 });
    expect(await codeOf(token)).toBe('accepted');
    await issuer.rotate('key-2');
    clock.advance(600_001);
    expect(await codeOf(token)).toBe('accepted');
    await until(async () => (await codeOf(token)) === 'unauthenticated', 'the new keys');
  });

  it('finds a key set that has moved', async () => {
    expect(await codeOf(await issuer.sign())).toBe('accepted');
    await issuer.rotate('key-2');
    const moved = await publishedNow();
    issuer.answer = (path, response) => {
      if (path === '/jwks') response.writeHead(404).end();
      else if (path === '/moved') response.end(moved);
      else response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/moved` }));
      return true;
    };
    expect(await codeOf(await issuer.sign())).toBe('accepted');
  });

  it.each<[string, (document: object, response: ServerResponse) => void]>([
    ['a byte order mark', (document, response) => response.end(`\ufeff${JSON.stringify(document)}`)],
    [
      '100 Continue and an ETag',
      (document, response) => {
        response.writeContinue();
        response.writeHead(200, { etag: '"7"', 'cache-control': 'max-age=0' }).end(JSON.stringify(document));
      },
    ],
    [
      'Early Hints and a page as its type',
      (document, response) => {
        response.writeEarlyHints({ link: '</jwks>; rel=preload' });
        response.writeHead(200, { 'content-type': 'text/html' }).end(JSON.stringify(document));
      },
    ],
    [
      'an issuer with a slash',
      (document, response) => {
        const isMetadata = 'issuer' in document;
        response.end(JSON.stringify(isMetadata ? { ...document, issuer: `${issuer.url}/` } : document));
      },
    ],
    [
      'keys of other kinds',
      (document, response) => {
        const { keys } = document as { keys?: object[] };
        const others = [null, 7, {}, { kty: 'oct' }, { kty: 'EC', crv: 'P-256', use: 'enc', kid: 'key-1' }];
        response.end(JSON.stringify(keys ? { keys: [...others, ...keys] } : document));
      },
    ],
  ])('reads documents with %s', async (_what, send) => {
    const keys = JSON.parse(await publishedNow()) as object;
    issuer.answer = (path, response) => {
      send(path === '/jwks' ? keys : { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` }, response);
      return true;
    };
    expect(await codeOf(await issuer.sign())).toBe('accepted');
  });

  it('tries each key for a token that names none', async () => {
    const first = JSON.parse(await publishedNow()) as { keys: object[] };
    const byFirst = await issuer.sign({}, { keyId: null });
    await issuer.rotate('key-2');
    const second = JSON.parse(await publishedNow()) as { keys: object[] };
    const bySecond = await issuer.sign({}, { keyId: null });
    await issuer.rotate('key-3');
    issuer.answer = (path, response) => {
      if (path === '/jwks') response.end(JSON.stringify({ keys: [...first.keys, ...second.keys] }));
      return path === '/jwks';
    };
    expect(await Promise.all([byFirst, bySecond].map(codeOf))).toEqual(['accepted', 'accepted']);
    expect(await codeOf(await issuer.sign({}, { keyId: null }))).toBe('unauthenticated');
  });

  it('accepts an issuer with and without a slash at its end, and no other', async () => {
    expect(await codeOf(await issuer.sign({ iss: `${issuer.url}/` }))).toBe('accepted');
    expect(await codeOf(await issuer.sign({ iss: `${issuer.url}//` }))).toBe('unauthenticated');
    expect(await codeOf(await issuer.sign({ iss: `${issuer.url}/x` }))).toBe('unauthenticated');
  });

  it.each<[claim: string, claims: object, scopes: readonly string[]]>([
    ['scope', { scope: 'payments refunds' }, ['payments', 'refunds']],
    ['scope', { scope: ['payments', 'refunds'] }, ['payments', 'refunds']],
    ['scp', { scp: 'openid payments', scope: 'refunds' }, ['payments']],
    ['scp', { scp: ['openid', 'read'] }, ['read']],
    ['roles', { roles: ['admin-act', 7, null, 'payments read'] }, ['admin-act', 'payments', 'read']],
    ['realm_access.roles', { realm_access: { roles: ['payments'] } }, ['payments']],
    ['resource_access.tollgate.roles', { resource_access: { tollgate: { roles: ['read'] } } }, ['read']],
    ['https://shop.example/roles', { 'https://shop.example/roles': ['read'] }, ['read']],
    ['roles.tollgate', { roles: ['payments'] }, []],
    ['roles.0', { roles: ['payments'] }, []],
    ['realm_access', { realm_access: { roles: ['payments'] } }, []],
    ['__proto__.constructor', {}, []],
  ])('reads the scopes of the claim %s', async (scopeClaim, claims, scopes) => {
    const connection = new IssuerConnection(new AddressGuard({ blockPrivateAddresses: false }));
    const others = new OidcTokens({ ...oidcConfigOf(issuer), scopeClaim }, connection, clock);
    try {
      expect((await others.verify(await issuer.sign({ ...claims }))).scopes).toEqual(new Set(scopes));
    } finally {
      await others.onApplicationShutdown();
    }
  });

  it('keeps using its keys while the issuer is unavailable', async () => {
    const token = await issuer.sign();
    expect(await codeOf(token)).toBe('accepted');
    issuer.available = false;
    expect(await codeOf(token)).toBe('accepted');
  });
});
