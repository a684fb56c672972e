import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import type { OidcConfig } from '../../src/security/oidc-tokens.js';

/** An OpenID Connect issuer over real HTTP: discovery document and JWKS; it signs any token. */
export interface Issuer {
  readonly url: string;
  /** Requested paths, in order. */
  readonly requested: string[];
  /** Down: the answers are 503. */
  available: boolean;
  /** Answers instead of the documents; false: it did not. */
  answer: (path: string, response: ServerResponse) => boolean;
  /** From now on another key is published, and signs. */
  rotate(keyId: string): Promise<void>;
  /** A token for `audience`, valid for a minute; `claims` override. `keyId` null: it names no key. */
  sign(claims?: JWTPayload, options?: SigningOptions): Promise<string>;
  close(): Promise<void>;
}

interface SigningOptions {
  readonly keyId?: string | null;
  /** Overrides the header; undefined removes a parameter. */
  readonly header?: Readonly<Record<string, unknown>>;
}

const KEY_ID = 'key-1';
export const AUDIENCE = 'https://payments.example';

/** The configuration of a gateway that sets `OIDC_ISSUER` and `OIDC_AUDIENCE` only. */
export function oidcConfigOf({ url }: Pick<Issuer, 'url'>): OidcConfig {
  return {
    issuer: url,
    audience: AUDIENCE,
    scopeClaim: 'scope',
    externalsClaim: undefined,
    maxTokenAgeMs: 86_400_000,
    tokenType: undefined,
  };
}

export async function startIssuer(): Promise<Issuer> {
  const newKey = async (kid: string) => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    return { published: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }, privateKey };
  };
  let key = await newKey(KEY_ID);
  const requested: string[] = [];
  const server = createServer((request, response) => {
    requested.push(request.url!);
    if (issuer.answer(request.url!, response)) return;
    const document =
      request.url === '/jwks'
        ? { keys: [key.published] }
        : { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` };
    response.writeHead(issuer.available ? 200 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer: Issuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requested,
    available: true,
    answer: () => false,
    async rotate(keyId) {
      key = await newKey(keyId);
    },
    sign(claims = {}, { keyId = key.published.kid, header = {} } = {}) {
      const nowS = Math.floor(Date.now() / 1_000);
      const payload = { iss: issuer.url, aud: AUDIENCE, sub: 'shop', iat: nowS, exp: nowS + 60, ...claims };
      return new SignJWT(payload)
        .setProtectedHeader({ alg: 'ES256', ...(keyId !== null && { kid: keyId }), typ: 'at+jwt', ...header })
        .sign(key.privateKey);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return issuer;
}
