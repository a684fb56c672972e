import type { JWTHeaderParameters, JWTPayload } from 'jose';

/** The types of an access token where `OIDC_TOKEN_TYPE` names none (RFC 9068 §2.1; most issuers send `JWT`). */
const TYPES: readonly unknown[] = ['jwt', 'at+jwt', undefined];

/** Claims of ID tokens alone (OpenID Connect Core §2, §3.3.2.11). */
const ID_TOKEN_CLAIMS = ['at_hash', 'c_hash', 's_hash'];

/** Keycloak repeats the kind of a token in its payload: `Bearer`, `ID`, `Refresh`, `Logout`, … */
const PAYLOAD_TYPES: readonly unknown[] = ['bearer', 'jwt', 'at+jwt', undefined];

/**
 * Claims that name the scopes or the client of an access token: RFC 9068, Keycloak and Auth0 (`scope`, `client_id`,
 * `azp`, `gty`), Okta (`scp`, `cid`), Entra (`scp`, `azpacr` and, in version 1, `appid`).
 */
const ACCESS_TOKEN_CLAIMS = ['scope', 'scp', 'client_id', 'cid', 'appid', 'azpacr', 'gty'];

/**
 * Why a verified JWT is no bearer access token, or undefined for one that is. An ID token says who logged in, not what
 * its holder may do; a logout token is an event; one bound by `cnf` needs a proof that the gateway does not check.
 *
 * @param tokenType `OIDC_TOKEN_TYPE`: the only type that is accepted; undefined: those of access tokens in general
 */
export function reasonNotAccessToken(
  { typ }: Pick<JWTHeaderParameters, 'typ'>,
  payload: JWTPayload,
  tokenType: string | undefined,
): string | undefined {
  const type = typeOf(typ);
  if (tokenType === undefined ? !TYPES.includes(type) : type !== typeOf(tokenType)) return 'its typ';
  // RFC 7800 §3: a key that the presenter must prove to hold (RFC 8705, RFC 9449).
  if (has(payload, 'cnf')) return 'bound by cnf';
  // RFC 8417 §2.2: a security event, such as a logout token that is typed JWT.
  if (has(payload, 'events')) return 'a security event';
  if (isIdToken(type, payload)) return 'an ID token';
  // `OIDC_TOKEN_TYPE=JWT` accepts an issuer whose tokens name neither a client nor scopes.
  const declared = type === 'at+jwt' || tokenType !== undefined;
  return declared || showsAccess(payload) ? undefined : 'neither scopes nor a client';
}

function isIdToken(type: string | undefined, payload: JWTPayload): boolean {
  const { token_use: use, nonce } = payload;
  const kind = payload['typ'];
  if (!PAYLOAD_TYPES.includes(typeof kind === 'string' ? kind.toLowerCase() : kind)) return true;
  // Amazon Cognito.
  if (use !== undefined && use !== 'access') return true;
  if (ID_TOKEN_CLAIMS.some((claim) => has(payload, claim))) return true;
  // Keycloak before version 24 put the nonce into access tokens too.
  return nonce !== undefined && kind === undefined && type !== 'at+jwt';
}

function showsAccess(payload: JWTPayload): boolean {
  const { azp, aud } = payload;
  if (payload['typ'] !== undefined || payload['token_use'] !== undefined) return true;
  if (ACCESS_TOKEN_CLAIMS.some((claim) => has(payload, claim))) return true;
  // The audience of an ID token is its client, which `azp` may name too.
  return typeof azp === 'string' && ![aud].flat().includes(azp);
}

/** Media types differ in neither case nor `application/` (RFC 7515 §4.1.9). */
function typeOf(typ: unknown): string | undefined {
  if (typ === undefined) return undefined;
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : '';
}

function has(payload: JWTPayload, claim: string): boolean {
  return Object.hasOwn(payload, claim) && payload[claim] !== null;
}
