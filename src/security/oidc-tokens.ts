import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import {
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
} from 'jose';
import { isAdminScope, permittedBy, SCOPES } from '../config/api-keys.js';
import type { CallersConfig } from '../config/config.js';
import type { Principal } from '../http/request-context.js';
import { Problem } from '../problems/problem.js';
import type { Clock } from '../shared/clock.js';
import { isJsonObject } from '../shared/json.js';
import { reasonNotAccessToken } from './access-token.js';
import type { IssuerConnection } from './issuer-connection.js';
import { IssuerKeys } from './issuer-keys.js';
import { invalidToken } from './refusals.js';

export type OidcConfig = NonNullable<CallersConfig['oidc']>;

/** Signatures by a private key only: with an HMAC, every verifier could also issue. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const CLOCK_SKEW_S = 30;
const SUBJECT = /^\P{C}{1,255}$/u;
/** In `OIDC_EXTERNALS_CLAIM`: every external. No external has this name. */
const EVERY_EXTERNAL = '*';

/**
 * Verifies the access tokens of one OpenID Connect issuer: signature by a key of its JWKS, issuer, audience, time and
 * kind. If the issuer's keys are unavailable, the answer is 503: a 401 would make callers discard valid tokens.
 */
export class OidcTokens implements OnApplicationShutdown {
  readonly #logger = new Logger('Security');
  readonly #keys: IssuerKeys;
  readonly #issuers: string[];

  constructor(
    private readonly config: OidcConfig,
    connection: IssuerConnection,
    private readonly clock: Clock,
  ) {
    // Configurations, metadata and tokens differ in the slash at the end.
    const issuer = config.issuer.replace(/\/$/, '');
    this.#issuers = [config.issuer, config.issuer === issuer ? `${issuer}/` : issuer];
    this.#keys = new IssuerKeys(this.#issuers, connection, clock);
  }

  /**
   * The holder of a token, its name prefixed by `oidc:`, which no name of an API key can begin with.
   * @throws Problem `unauthenticated`, or `authentication-unavailable`
   */
  async verify(token: string): Promise<Principal> {
    const options = {
      issuer: this.#issuers,
      audience: this.config.audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_SKEW_S,
      currentDate: new Date(this.clock.wall()),
      // Bounds `exp` too: an issuer, or a thief of its key, may sign tokens that are valid for years.
      maxTokenAge: this.config.maxTokenAgeMs / 1_000,
      requiredClaims: ['sub', 'exp'],
    };
    try {
      const { protectedHeader, payload } = await verified(token, this.#keyFor, options);
      const reason = reasonNotAccessToken(protectedHeader, payload, this.config.tokenType);
      if (reason !== undefined) throw new Error(`it is no access token (${reason})`);
      return principalOf(payload, this.config);
    } catch (error) {
      if (error instanceof Problem) throw error;
      // The reason names a claim or a header parameter, never the value of a claim.
      this.#logger.debug(`A token was refused: ${error instanceof Error ? error.message : String(error)}`);
      throw invalidToken();
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#keys.close();
  }

  readonly #keyFor: JWTVerifyGetKey = (header, input) => this.#keys.find(header, input);
}

/** A token without a key id may be by any key of its algorithm. */
async function verified(
  token: string,
  keyFor: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, keyFor, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return await jwtVerify(token, key, options);
      } catch (refused) {
        if (!(refused instanceof errors.JWSSignatureVerificationFailed)) throw refused;
      }
    }
    throw error;
  }
}

function principalOf(payload: JWTPayload, { scopeClaim, externalsClaim }: OidcConfig): Principal {
  const { sub } = payload;
  if (typeof sub !== 'string' || !SUBJECT.test(sub)) throw new Error('sub is no name');
  const granted = new Set(textsIn(claimOf(payload, scopeClaim)));
  const scopes = SCOPES.filter((known) => granted.has(known));
  const claim = externalsClaim === undefined ? undefined : claimOf(payload, externalsClaim);
  const externals = externalsClaim === undefined ? undefined : externalsOf(claim);
  // `/admin` shows every external: it is closed to a limit, also one to none or one that cannot be read.
  const isLimited = externals !== undefined && claim !== undefined && claim !== null;
  return {
    name: `oidc:${sub}`,
    scopes: permittedBy(isLimited ? scopes.filter((scope) => !isAdminScope(scope)) : scopes),
    externals,
  };
}

/** The externals that the claim names; none where it is missing: a forgotten claim must not open all of them. */
function externalsOf(claim: unknown): ReadonlySet<string> | undefined {
  const names = new Set(textsIn(claim).filter((name) => name !== ''));
  return names.has(EVERY_EXTERNAL) ? undefined : names;
}

/** The claim of that name, which may contain dots, else the one at that path, as `realm_access.roles`. */
function claimOf(payload: JWTPayload, name: string): unknown {
  return member(payload, name) ?? name.split('.').reduce(member, payload as unknown);
}

/** Scopes separated by spaces (RFC 8693 §4.2), or an array of them. */
function textsIn(claim: unknown): string[] {
  const texts: unknown[] = Array.isArray(claim) ? claim : [claim];
  return texts.flatMap((text) => (typeof text === 'string' ? text.split(' ') : []));
}

function member(value: unknown, key: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
