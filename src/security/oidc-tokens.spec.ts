import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { SignJWT, UnsecuredJWT } from 'jose';
import { AUDIENCE, type Issuer, startIssuer } from '../../test/support/issuer.js';
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
    jest.spyOn(Logger.prototype, 'error').mockImplementation((message) => void failures.push(message));
    const connection = new IssuerConnection(new AddressGuard({ blockPrivateAddresses: false }));
    tokens = new OidcTokens({ issuer: issuer.url, audience: AUDIENCE }, connection, clock);
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
      scopes: new Set(['payments', 'admin']),
      externals: undefined,
    });
  });

  it('accepts a token without scopes, which permits nothing', async () => {
    for (const scope of [undefined, '', 7, ['payments']]) {
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

  it('requests the keys for unknown key ids a few times only, and for a rotation after the window', async () => {
    for (let i = 0; i < 20; i += 1) {
      expect(await codeOf(await issuer.sign({}, { keyId: `made-up-${i}` }))).toBe('unauthenticated');
    }
    expect(issuer.requested.filter((path) => path === '/jwks')).toHaveLength(1 + 5);
    await issuer.rotate('key-2');
    const token = await issuer.sign();
    clock.advance(29_999);
    expect(await codeOf(token)).toBe('unauthenticated');
    clock.advance(1);
    expect(await codeOf(token)).toBe('accepted');
  });

  it('keeps using its keys while the issuer is unavailable', async () => {
    const token = await issuer.sign();
    expect(await codeOf(token)).toBe('accepted');
    issuer.available = false;
    expect(await codeOf(token)).toBe('accepted');
  });
});
