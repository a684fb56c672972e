import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { type CryptoKey, exportSPKI, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose';
import { AUDIENCE, type Issuer, oidcConfigOf, startIssuer } from '../../test/support/issuer.js';
import { TestClock } from '../../test/support/test-clock.js';
import { AddressGuard } from '../outbound/address-guard.js';
import { Problem } from '../problems/problem.js';
import { IssuerConnection } from './issuer-connection.js';
import { type OidcConfig, OidcTokens } from './oidc-tokens.js';

const CLIENT = '7c1d8f4e-9b0a-4a56-8f0e-2f6f6a4c1b11';

/** Which of the JWTs that an issuer signs are bearer access tokens (SPEC §6). */
describe('access tokens', () => {
  let issuer: Issuer;
  let clock: TestClock;
  const opened: OidcTokens[] = [];

  beforeEach(async () => {
    issuer = await startIssuer();
    clock = new TestClock(Date.now());
    jest.spyOn(Logger.prototype, 'debug').mockImplementation(() => undefined);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await Promise.all(opened.splice(0).map((tokens) => tokens.onApplicationShutdown()));
    await issuer.close();
  });

  const tokensOf = (changes: Partial<OidcConfig> = {}): OidcTokens => {
    const config = { ...oidcConfigOf(issuer), ...changes };
    const connection = new IssuerConnection(new AddressGuard({ blockPrivateAddresses: false }));
    const tokens = new OidcTokens(config, connection, clock);
    opened.push(tokens);
    return tokens;
  };
  const verdict = async (tokens: OidcTokens, token: string): Promise<string> => {
    try {
      await tokens.verify(token);
      return 'accepted';
    } catch (error) {
      return error instanceof Problem ? error.code : String(error);
    }
  };
  const nowS = (): number => Math.floor(clock.now() / 1_000);

  /** The claims that these issuers document for access tokens, beside iss, aud, sub, iat and exp. */
  const ACCESS: [string, string | undefined, JWTPayload][] = [
    ['RFC 9068', 'at+jwt', { client_id: CLIENT, scope: 'payments', jti: 'a', auth_time: 1, acr: '1' }],
    ['RFC 9068 in full', 'application/AT+JWT', { client_id: CLIENT, jti: 'a' }],
    ['Keycloak', 'JWT', { typ: 'Bearer', azp: 'shop', scope: 'payments', sid: 's', acr: '1', jti: 'a' }],
    ['Keycloak before 24', 'JWT', { typ: 'Bearer', azp: 'shop', nonce: 'n', session_state: 's' }],
    ['Keycloak for itself', 'JWT', { typ: 'Bearer', azp: AUDIENCE, realm_access: { roles: ['payments'] } }],
    ['Auth0 for a machine', 'JWT', { azp: CLIENT, scope: 'payments', gty: 'client-credentials' }],
    ['Auth0 for a person', 'JWT', { aud: [AUDIENCE, 'https://x/userinfo'], azp: CLIENT, scope: 'openid' }],
    ['Entra version 1', 'JWT', { appid: CLIENT, appidacr: '1', roles: ['payments'], tid: 't', ver: '1.0' }],
    ['Entra version 2', 'JWT', { azp: CLIENT, azpacr: '1', scp: 'payments', tid: 't', oid: 'o', ver: '2.0' }],
    ['Entra for itself', 'JWT', { azp: AUDIENCE, azpacr: '1', roles: ['payments'], ver: '2.0' }],
    ['Okta', undefined, { cid: CLIENT, scp: ['payments'], uid: 'u', ver: 1, jti: 'AT.a' }],
    ['Cognito', undefined, { token_use: 'access', client_id: CLIENT, scope: 'payments' }],
    ['an issuer without a type', undefined, { scope: 'payments' }],
  ];

  it.each(ACCESS)('accepts those of %s', async (_issuer, typ, claims) => {
    expect(await verdict(tokensOf(), await issuer.sign(claims, { header: { typ } }))).toBe('accepted');
  });

  it.each<[string, string | undefined, JWTPayload]>([
    ['a logout token', 'logout+jwt', { scope: 'payments' }],
    ['an ID token by its type', 'id_token+jwt', { scope: 'payments' }],
    ['a DPoP proof', 'dpop+jwt', { scope: 'payments' }],
    ['a client assertion', 'client-authentication+jwt', { scope: 'payments' }],
    ['a security event', 'secevent+jwt', { scope: 'payments' }],
    ['a type that is no text', { toString: 'JWT' } as unknown as string, { scope: 'payments' }],
    ['the logout token of an older issuer', 'JWT', { scope: 'payments', events: { 'https://x': {} } }],
    ['the ID token of Keycloak', 'JWT', { typ: 'ID', azp: 'shop', scope: 'payments' }],
    ['the refresh token of Keycloak', 'JWT', { typ: 'Refresh', azp: 'shop', scope: 'payments' }],
    ['the ID token of Cognito', undefined, { token_use: 'id', scope: 'payments' }],
    ['an ID token with a nonce', 'JWT', { nonce: 'n', roles: ['payments'], scope: 'payments' }],
    ['an ID token with at_hash', 'JWT', { at_hash: 'h', scope: 'payments' }],
    ['an ID token with c_hash', undefined, { c_hash: 'h', scope: 'payments' }],
    ['the ID token of Entra with roles', 'JWT', { roles: ['payments'], tid: 't', oid: 'o', ver: '2.0' }],
    ['the ID token of Google', 'JWT', { azp: AUDIENCE, email: 'a@b.example' }],
    ['a token bound to a key', 'at+jwt', { scope: 'payments', cnf: { jkt: 'k' } }],
    ['a token bound to a certificate', 'JWT', { scope: 'payments', cnf: { 'x5t#S256': 'c' } }],
    ['the DPoP token of Keycloak', 'JWT', { typ: 'DPoP', scope: 'payments', cnf: { jkt: 'k' } }],
    ['a token with an empty cnf', 'JWT', { scope: 'payments', cnf: {} }],
  ])('refuses %s', async (_kind, typ, claims) => {
    expect(await verdict(tokensOf(), await issuer.sign(claims, { header: { typ } }))).toBe('unauthenticated');
  });

  it('OIDC_TOKEN_TYPE accepts that type alone, in any case, and no ID token even so', async () => {
    const [typed, plain] = [tokensOf({ tokenType: 'at+jwt' }), tokensOf({ tokenType: 'jwt' })];
    const sign = (typ: unknown, claims = {}): Promise<string> => issuer.sign(claims, { header: { typ } });
    for (const [tokens, typ, expected] of [
      [typed, 'at+jwt', 'accepted'],
      [typed, 'application/at+JWT', 'accepted'],
      [typed, 'JWT', 'unauthenticated'],
      [typed, undefined, 'unauthenticated'],
      [typed, '', 'unauthenticated'],
      [plain, 'JWT', 'accepted'],
      [plain, 'at+jwt', 'unauthenticated'],
    ] as const) {
      expect([typ, await verdict(tokens, await sign(typ))]).toEqual([typ, expected]);
    }
    expect(await verdict(plain, await sign('JWT', { nonce: 'n' }))).toBe('unauthenticated');
    expect(await verdict(typed, await sign('at+jwt', { cnf: { jkt: 'k' } }))).toBe('unauthenticated');
  });

  it('OIDC_MAX_TOKEN_AGE bounds the life of a token regardless of its exp', async () => {
    const tokens = tokensOf({ maxTokenAgeMs: 3_600_000 });
    const years = { exp: nowS() + 10 * 365 * 86_400 };
    const token = await issuer.sign(years);
    expect(await verdict(tokens, token)).toBe('accepted');
    clock.advance(3_600_000);
    expect(await verdict(tokens, token)).toBe('accepted'); // Clocks may differ.
    clock.advance(32_000);
    expect(await verdict(tokens, token)).toBe('unauthenticated');
  });

  it.each<[string, JWTPayload, string]>([
    ['issued in a minute', { iat: 60 }, 'unauthenticated'],
    ['issued in 20 s', { iat: 20 }, 'accepted'],
    ['valid in a minute', { nbf: 60 }, 'unauthenticated'],
    ['valid in 20 s', { nbf: 20 }, 'accepted'],
  ])('%s: %s is %s', async (_what, from, expected) => {
    const times = Object.fromEntries(Object.entries(from).map(([name, s]) => [name, nowS() + Number(s)]));
    expect(await verdict(tokensOf(), await issuer.sign({ ...times, exp: nowS() + 90 }))).toBe(expected);
  });

  it.each<[string, JWTPayload]>([
    ['no iat', { iat: undefined }],
    ['iat as a text', { iat: '1' as unknown as number }],
    ['nbf as a text', { nbf: '1' as unknown as number }],
    ['exp as a text', { exp: '9999999999' as unknown as number }],
    ['an audience that is an object', { aud: { [AUDIENCE]: true } as unknown as string }],
    ['an audience that contains ours as a part', { aud: `${AUDIENCE}/other` }],
    ['an audience in another case', { aud: AUDIENCE.toUpperCase() }],
    ['no audience in the list', { aud: [] }],
  ])('refuses %s', async (_what, claims) => {
    expect(await verdict(tokensOf(), await issuer.sign(claims))).toBe('unauthenticated');
  });

  it('accepts many audiences with its own among them', async () => {
    const others = Array.from({ length: 200 }, (_, i) => `https://api-${i}.example`);
    expect(await verdict(tokensOf(), await issuer.sign({ aud: [...others, AUDIENCE] }))).toBe('accepted');
    expect(await verdict(tokensOf(), await issuer.sign({ aud: others }))).toBe('unauthenticated');
  });

  it('takes linear time for claims of any shape, as large as headers may be', async () => {
    const tokens = tokensOf();
    const deep = JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`) as unknown;
    for (const claims of [
      { scope: 'payments '.repeat(1_000) },
      { scope: Array.from({ length: 2_000 }, (_, i) => `s${i}`) },
      { scope: deep },
      { aud: [...Array.from({ length: 2_000 }, () => 'a'), AUDIENCE] },
    ]) {
      const token = await issuer.sign(claims);
      expect(await verdict(tokens, token)).toBe('accepted');
      const started = performance.now();
      for (let i = 0; i < 20; i += 1) await tokens.verify(token);
      expect((performance.now() - started) / 20).toBeLessThan(25);
    }
  });

  it.each<[string, Record<string, unknown>]>([
    ['an unknown critical parameter', { crit: ['exp2'], exp2: 1 }],
    ['a critical parameter that is missing', { crit: ['exp2'] }],
    ['no critical parameters', { crit: [] }],
  ])('refuses a header with %s', async (_what, extra) => {
    const [header, payload, signature] = (await issuer.sign()).split('.') as [string, string, string];
    const named = JSON.parse(Buffer.from(header, 'base64url').toString()) as object;
    const changed = Buffer.from(JSON.stringify({ ...named, ...extra })).toString('base64url');
    expect(await verdict(tokensOf(), `${changed}.${payload}.${signature}`)).toBe('unauthenticated');
    expect(issuer.requested).toEqual([]);
  });

  it('takes no key from the token, and the public key for no HMAC secret', async () => {
    const tokens = tokensOf();
    const published = await (await fetch(`${issuer.url}/jwks`)).json();
    const jwk = (published as { keys: JWK[] }).keys[0]!;
    const spki = await exportSPKI((await importJWK(jwk, 'ES256')) as CryptoKey);
    const claims = {
      iss: issuer.url,
      aud: AUDIENCE,
      sub: 'x',
      iat: nowS(),
      exp: nowS() + 60,
      scope: 'admin',
    };
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      for (const secret of [spki, JSON.stringify(jwk), jwk.x!]) {
        const forged = new SignJWT(claims).setProtectedHeader({ alg, kid: 'key-1', typ: 'at+jwt' });
        expect(await verdict(tokens, await forged.sign(Buffer.from(secret)))).toBe('unauthenticated');
      }
    }
    const thief = await startIssuer();
    try {
      const own = ((await (await fetch(`${thief.url}/jwks`)).json()) as { keys: JWK[] }).keys[0]!;
      const header = { jwk: own, jku: `${thief.url}/jwks`, x5u: `${thief.url}/x5u` };
      const stolen = await thief.sign({ iss: issuer.url, scope: 'admin' }, { header });
      expect(await verdict(tokens, stolen)).toBe('unauthenticated');
      expect(thief.requested).toEqual(['/jwks']);
    } finally {
      await thief.close();
    }
  });

  it.each<[string, JWTPayload, string[] | 'all', string[]]>([
    ['a text', { tills: 'acme other' }, ['acme', 'other'], ['payments']],
    ['an array', { tills: ['acme'] }, ['acme'], ['payments']],
    ['every external', { tills: '*' }, 'all', ['payments', 'admin-read']],
    ['every external among others', { tills: ['acme', '*'] }, 'all', ['payments', 'admin-read']],
    ['nothing', {}, [], ['payments', 'admin-read']],
    ['null', { tills: null }, [], ['payments', 'admin-read']],
    ['an empty text', { tills: '' }, [], ['payments']],
    ['an empty array', { tills: [] }, [], ['payments']],
    ['another kind', { tills: { acme: true } }, [], ['payments']],
  ])('OIDC_EXTERNALS_CLAIM with %s', async (_what, claims, externals, scopes) => {
    const tokens = tokensOf({ externalsClaim: 'tills' });
    const holder = await tokens.verify(await issuer.sign({ ...claims, scope: 'payments admin-read' }));
    expect(holder.externals ?? 'all').toEqual(externals === 'all' ? 'all' : new Set(externals));
    expect(holder.scopes).toEqual(new Set(scopes));
  });
});
