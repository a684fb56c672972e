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
/** How proxies merge a field that is given twice (RFC 9110 §5.3). A credential has neither space nor comma and space. */
const MERGED = /, +/;

/**
 * Reads `Authorization` (RFC 6750 §2.1, RFC 7617) and `X-Api-Key`. The same credential more than once, as clients send
 * it that know both headers, is one; a Bearer token and an API key of the same text are the same.
 */
export function credentialsOf({ headersDistinct }: IncomingMessage): RequestCredentials {
  const authorizations = headersDistinct['authorization'];
  const apiKeys = headersDistinct['x-api-key'];
  if (!authorizations) return apiKeys ? onlyOne(apiKeys, apiKeyOf) : { kind: 'none' };
  const authorization = onlyOne(authorizations, authorizationOf);
  if (!apiKeys) return authorization;
  const apiKey = onlyOne(apiKeys, apiKeyOf);
  const isSame =
    authorization.kind === 'bearer' && apiKey.kind === 'api-key' && authorization.token === apiKey.key;
  return isSame ? authorization : UNUSABLE;
}

function onlyOne(values: readonly string[], read: (value: string) => RequestCredentials): RequestCredentials {
  const [value = '', ...others] = values.length === 1 ? values[0]!.split(MERGED) : values;
  return others.every((other) => other === value) ? read(value) : UNUSABLE;
}

function authorizationOf(header: string): RequestCredentials {
  const token = BEARER.exec(header)?.[1];
  if (token !== undefined) return { kind: 'bearer', token };
  const encoded = BASIC.exec(header)?.[1];
  return encoded === undefined
    ? UNUSABLE
    : { kind: 'basic', userPassword: Buffer.from(encoded, 'base64').toString() };
}

function apiKeyOf(header: string): RequestCredentials {
  return API_KEY.test(header) ? { kind: 'api-key', key: header } : UNUSABLE;
}

/** True for what has the shape of a JWT (RFC 7519 §3, compact): three parts of base64url. */
export function looksLikeJwt(token: string): boolean {
  return JWT.test(token);
}
