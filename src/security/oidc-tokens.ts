import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  jwtVerify,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import { SCOPES } from '../config/api-keys.js';
import { Problem } from '../problems/problem.js';
import type { Principal } from '../http/request-context.js';
import type { Clock } from '../shared/clock.js';
import { readJsonDocument } from '../outbound/json-document.js';
import { isJsonObject } from '../shared/json.js';
import type { IssuerConnection } from './issuer-connection.js';
import { unauthenticated } from './refusals.js';

export interface OidcConfig {
  readonly issuer: string;
  readonly audience: string;
}

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
/**
 * After a failure the issuer is not queried for this long: forged tokens are cheap, and each would cause a query.
 */
const PAUSE_MS = 5_000;
/**
 * How often per window an unknown key id makes the gateway fetch the keys again: a rotation is noticed at once, and
 * made-up ids cost the issuer little. jose's own cooldown would ignore a rotation that comes soon after a fetch.
 */
const MAX_REFRESHES = 5;
const REFRESH_WINDOW_MS = 30_000;
const SUBJECT = /^\P{C}{1,255}$/u;

type RemoteKeys = ReturnType<typeof createRemoteJWKSet>;

/**
 * Verifies the JWTs of one OpenID Connect issuer: signature by a key of its JWKS, issuer, audience, time. If the
 * issuer's keys are unavailable, the answer is 503: a 401 would make callers discard valid tokens.
 */
export class OidcTokens implements OnApplicationShutdown {
  readonly #logger = new Logger('Security');
  #keys: Promise<RemoteKeys> | undefined;
  #pausedUntilMs = 0;
  /** The times of the latest refreshes. */
  #refreshedAtMs: readonly number[] = [];

  constructor(
    private readonly config: OidcConfig,
    private readonly connection: IssuerConnection,
    private readonly clock: Clock,
  ) {}

  /**
   * The holder of a token, its name prefixed by `oidc:`, which no name of an API key can begin with.
   * @throws Problem `unauthenticated`, or `authentication-unavailable`
   */
  async verify(token: string): Promise<Principal> {
    const { issuer, audience } = this.config;
    try {
      const { payload } = await jwtVerify(token, this.#keyFor, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_SKEW_S,
        currentDate: new Date(this.clock.wall()),
        requiredClaims: ['sub', 'exp'],
      });
      return principalOf(payload);
    } catch (error) {
      throw error instanceof Problem ? error : unauthenticated();
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }

  readonly #keyFor: JWTVerifyGetKey = async (header, input) => {
    try {
      const keys = await (this.#keys ??= this.#discover());
      return await this.#keyAmong(keys, header, input);
    } catch (error) {
      throw isFaultOfToken(error) ? error : this.#unavailable(error);
    }
  };

  async #keyAmong(
    keys: RemoteKeys,
    header: JWSHeaderParameters,
    input: FlattenedJWSInput,
  ): Promise<Awaited<ReturnType<RemoteKeys>>> {
    try {
      return await keys(header, input);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // Requests that arrive during a refresh wait for the same answer.
      if (!keys.reloading && !this.#mayRefresh()) throw error;
      await keys.reload();
      return keys(header, input);
    }
  }

  #mayRefresh(): boolean {
    const now = this.clock.now();
    const recent = this.#refreshedAtMs.filter((atMs) => atMs > now - REFRESH_WINDOW_MS);
    const may = recent.length < MAX_REFRESHES;
    this.#refreshedAtMs = may ? [...recent, now] : recent;
    return may;
  }

  /** OpenID Connect Discovery 1.0 §4. */
  async #discover(): Promise<RemoteKeys> {
    try {
      const { issuer } = this.config;
      const text = await this.#get(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
      const document = readJsonDocument(text);
      if (!isJsonObject(document) || document['issuer'] !== issuer) {
        throw new Error('the discovery document is not of this issuer');
      }
      return createRemoteJWKSet(keySetUrl(document['jwks_uri'], issuer), {
        [customFetch]: async (url: string) => keySetResponse(await this.#get(url)),
        // `#mayRefresh` decides instead.
        cooldownDuration: Infinity,
      });
    } catch (error) {
      this.#keys = undefined;
      throw error;
    }
  }

  async #get(url: string): Promise<string> {
    if (this.clock.now() < this.#pausedUntilMs) throw new Error('the issuer failed a moment ago');
    return this.connection.get(url);
  }

  #unavailable(error: unknown): Problem {
    const now = this.clock.now();
    if (now >= this.#pausedUntilMs) {
      this.#pausedUntilMs = now + PAUSE_MS;
      const why = error instanceof Error ? error.message : String(error);
      this.#logger.error(`The keys of OIDC_ISSUER cannot be retrieved, no token can be verified: ${why}`);
    }
    return new Problem(
      'authentication-unavailable',
      'The keys of the token’s issuer cannot be retrieved now.',
      { retryAfterMs: PAUSE_MS, cause: error },
    );
  }
}

/** Keys received without TLS could be forged. The configuration decides whether an issuer may use http. */
function keySetUrl(text: unknown, issuer: string): URL {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && issuer.startsWith('http:'))) return url;
  throw new Error('the discovery document has no usable jwks_uri');
}

/** jose parses it: a text that is no document of JSON becomes one that it refuses. */
function keySetResponse(text: string): Response {
  return new Response(JSON.stringify(readJsonDocument(text) ?? null));
}

/** The keys are available, and none of them is the token's. */
function isFaultOfToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

function principalOf({ sub, scope }: JWTPayload): Principal {
  if (typeof sub !== 'string' || !SUBJECT.test(sub)) throw new Error('sub is no name');
  const granted = new Set(typeof scope === 'string' ? scope.split(' ') : []);
  return {
    name: `oidc:${sub}`,
    scopes: new Set(SCOPES.filter((known) => granted.has(known))),
    externals: undefined,
  };
}
