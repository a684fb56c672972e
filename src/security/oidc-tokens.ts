import type { OnApplicationShutdown } from '@nestjs/common';
import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose';
import { SCOPES } from '../config/api-keys.js';
import type { CallersConfig } from '../config/config.js';
import type { Principal } from '../http/request-context.js';
import { Problem } from '../problems/problem.js';
import type { Clock } from '../shared/clock.js';
import { isJsonObject } from '../shared/json.js';
import type { IssuerConnection } from './issuer-connection.js';
import { IssuerKeys } from './issuer-keys.js';
import { unauthenticated } from './refusals.js';

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

/**
 * Verifies the JWTs of one OpenID Connect issuer: signature by a key of its JWKS, issuer, audience, time. If the
 * issuer's keys are unavailable, the answer is 503: a 401 would make callers discard valid tokens.
 */
export class OidcTokens implements OnApplicationShutdown {
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
      requiredClaims: ['sub', 'exp'],
    };
    try {
      return principalOf(await verified(token, this.#keyFor, options), this.config.scopeClaim);
    } catch (error) {
      throw error instanceof Problem ? error : unauthenticated();
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
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keyFor, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (refused) {
        if (!(refused instanceof errors.JWSSignatureVerificationFailed)) throw refused;
      }
    }
    throw error;
  }
}

function principalOf(payload: JWTPayload, scopeClaim: string): Principal {
  const { sub } = payload;
  if (typeof sub !== 'string' || !SUBJECT.test(sub)) throw new Error('sub is no name');
  const granted = new Set(textsIn(claimOf(payload, scopeClaim)));
  return {
    name: `oidc:${sub}`,
    scopes: new Set(SCOPES.filter((known) => granted.has(known))),
    externals: undefined,
  };
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
