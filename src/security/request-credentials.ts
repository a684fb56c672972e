import type { IncomingMessage } from 'node:http';

/** The credentials that a request carries, not verified yet. */
export type RequestCredentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'basic'; readonly userPassword: string }
  | { readonly kind: 'api-key'; readonly key: string }
  /** Of another scheme, or more than one: which of them counts would be ambiguous. */
  | { readonly kind: 'unusable' };

const UNUSABLE: RequestCredentials = { kind: 'unusable' };
const BEARER = /^bearer +([\x21-\x7e]+)$/i;
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;
const API_KEY = /^[\x21-\x7e]+$/;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Reads `Authorization` (RFC 6750 §2.1, RFC 7617) and `X-Api-Key`. */
export function credentialsOf({ headersDistinct }: IncomingMessage): RequestCredentials {
  const authorizations = headersDistinct['authorization'] ?? [];
  const apiKeys = headersDistinct['x-api-key'] ?? [];
  const [authorization] = authorizations;
  const [apiKey] = apiKeys;
  if (authorizations.length + apiKeys.length > 1) return UNUSABLE;
  if (authorization !== undefined) return authorizationOf(authorization);
  if (apiKey === undefined) return { kind: 'none' };
  return API_KEY.test(apiKey) ? { kind: 'api-key', key: apiKey } : UNUSABLE;
}

function authorizationOf(header: string): RequestCredentials {
  const token = BEARER.exec(header)?.[1];
  if (token !== undefined) return { kind: 'bearer', token };
  const encoded = BASIC.exec(header)?.[1];
  return encoded === undefined
    ? UNUSABLE
    : { kind: 'basic', userPassword: Buffer.from(encoded, 'base64').toString() };
}

/** True for what has the shape of a JWT (RFC 7519 §3, compact): three parts of base64url. */
export function looksLikeJwt(token: string): boolean {
  return JWT.test(token);
}
