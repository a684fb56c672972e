import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { createLocalJWKSet, errors, type FlattenedJWSInput, type JWK, type JWSHeaderParameters } from 'jose';
import { currentScope } from '../observability/request-scope.js';
import { readJsonDocument } from '../outbound/json-document.js';
import { Problem } from '../problems/problem.js';
import type { Clock } from '../shared/clock.js';
import { isJsonObject } from '../shared/json.js';
import type { IssuerConnection } from './issuer-connection.js';

type KeySet = ReturnType<typeof createLocalJWKSet>;
type Key = Awaited<ReturnType<KeySet>>;

/** After that the keys are fetched again while the present ones are used: a key that was withdrawn must go. */
const FRESH_MS = 600_000;
/**
 * After a failure the issuer is not queried for this long: forged tokens are cheap, and each would cause a query.
 */
const PAUSE_MS = 5_000;
/**
 * A key id that is unknown may be that of a rotation, or made up. Up to 5 in 30 s are looked for at once, then one
 * query per second serves all that wait: made-up ids cost the issuer little, and cannot keep a new key from being
 * found. jose's own cooldown would answer 401 to a new key that comes soon after a fetch.
 */
const SEARCHES = 5;
const SEARCH_WINDOW_MS = 30_000;
const SEARCH_INTERVAL_MS = 1_000;
/** Where the keys are right, and none of them is the token's. */
const FAULTS_OF_TOKENS = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];

/**
 * The keys of an OpenID Connect issuer (Discovery 1.0 §4, RFC 7517). Once received, they stay in use until others
 * replace them, however long the issuer is unavailable.
 */
export class IssuerKeys {
  readonly #logger = new Logger('Security');
  readonly #closed = new AbortController();
  #keys: KeySet | undefined;
  #fetchedAtMs = 0;
  #keySetUrl: URL | undefined;
  #fetching: Promise<void> | undefined;
  #pausedUntilMs = 0;
  /** A search that has not begun: it finds what was published before now. */
  #nextSearch: Promise<void> | undefined;
  #searchesMs: readonly number[] = [];

  /** @param issuers the issuer, in each way it may be written */
  constructor(
    private readonly issuers: readonly string[],
    private readonly connection: IssuerConnection,
    private readonly clock: Clock,
  ) {}

  /**
   * The key that signed a token.
   * @throws Problem `authentication-unavailable` where the keys cannot be retrieved, JOSEError where none is the token's
   */
  async find(header: JWSHeaderParameters, input: FlattenedJWSInput): Promise<Key> {
    if (!this.#keys) await this.#fetch();
    else if (this.clock.now() - this.#fetchedAtMs > FRESH_MS) void this.#fetch().catch(() => {});
    const known = await this.#among(header, input);
    if (known) return known;
    const admitted = currentScope()?.admitted;
    admitted?.beginWait();
    try {
      if (this.#fetching) {
        await this.#fetching;
        const found = await this.#among(header, input);
        if (found) return found;
      }
      await (this.#nextSearch ??= this.#search());
    } finally {
      admitted?.endWait();
    }
    return this.#lookUp(header, input);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.connection.close();
  }

  async #among(header: JWSHeaderParameters, input: FlattenedJWSInput): Promise<Key | undefined> {
    try {
      return await this.#lookUp(header, input);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return undefined;
      throw error;
    }
  }

  async #lookUp(header: JWSHeaderParameters, input: FlattenedJWSInput): Promise<Key> {
    try {
      return await this.#keys!(header, input);
    } catch (error) {
      throw FAULTS_OF_TOKENS.some((type) => error instanceof type) ? error : unavailable(error);
    }
  }

  async #search(): Promise<void> {
    try {
      await this.#fetching?.catch(() => {});
      const waitMs = this.#searchDelayMs();
      if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#closed.signal, ref: false });
    } catch (error) {
      throw unavailable(error);
    } finally {
      this.#nextSearch = undefined;
    }
    const now = this.clock.now();
    this.#searchesMs = [...this.#searchesMs.filter((atMs) => atMs > now - SEARCH_WINDOW_MS), now];
    await this.#fetch();
  }

  #searchDelayMs(): number {
    const now = this.clock.now();
    const recent = this.#searchesMs.filter((atMs) => atMs > now - SEARCH_WINDOW_MS);
    if (recent.length < SEARCHES) return 0;
    return Math.max(recent.at(-1)! + SEARCH_INTERVAL_MS - now, 0);
  }

  /** All that need the keys at the same time share one query. */
  #fetch(): Promise<void> {
    return (this.#fetching ??= this.#load().finally(() => {
      this.#fetching = undefined;
    }));
  }

  async #load(): Promise<void> {
    const now = this.clock.now();
    try {
      if (now < this.#pausedUntilMs) throw new Error('the issuer failed a moment ago');
      this.#keys = await this.#request();
      this.#fetchedAtMs = this.clock.now();
    } catch (error) {
      if (now >= this.#pausedUntilMs) this.#pause(error);
      throw unavailable(error);
    }
  }

  #pause(error: unknown): void {
    this.#pausedUntilMs = this.clock.now() + PAUSE_MS;
    const effect = this.#keys ? 'those of before stay in use' : 'no token can be verified';
    const why = error instanceof Error ? error.message : String(error);
    this.#logger.error(`The keys of OIDC_ISSUER cannot be retrieved, ${effect}: ${why}`);
  }

  async #request(): Promise<KeySet> {
    const before = this.#keySetUrl;
    const url = (this.#keySetUrl ??= await this.#discover());
    try {
      return keySetIn(await this.connection.get(url.href));
    } catch (error) {
      // It may have moved.
      this.#keySetUrl = before && (await this.#discover());
      if (!this.#keySetUrl || this.#keySetUrl.href === url.href) throw error;
      return keySetIn(await this.connection.get(this.#keySetUrl.href));
    }
  }

  async #discover(): Promise<URL> {
    const [issuer] = this.issuers as [string];
    const base = issuer.replace(/\/$/, '');
    const document = readJsonDocument(await this.connection.get(`${base}/.well-known/openid-configuration`));
    if (!isJsonObject(document) || !this.issuers.includes(String(document['issuer']))) {
      throw new Error('the discovery document is not of this issuer');
    }
    return keySetUrlIn(document['jwks_uri'], issuer);
  }
}

function unavailable(cause: unknown): Problem {
  return new Problem(
    'authentication-unavailable',
    'The keys of the token’s issuer cannot be retrieved now.',
    {
      retryAfterMs: PAUSE_MS,
      cause,
    },
  );
}

/** Keys of other kinds may be among them. An answer without any is none: it would refuse every token. */
function keySetIn(text: string): KeySet {
  const document = readJsonDocument(text);
  const listed: unknown = isJsonObject(document) ? document['keys'] : undefined;
  const entries: readonly unknown[] = Array.isArray(listed) ? listed : [];
  const keys = entries.filter((key): key is JWK => isJsonObject(key) && typeof key['kty'] === 'string');
  if (keys.length === 0) throw new Error('the answer has no keys');
  return createLocalJWKSet({ keys });
}

/** Keys received without TLS could be forged. The configuration decides whether an issuer may use http. */
function keySetUrlIn(text: unknown, issuer: string): URL {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && issuer.startsWith('http:'))) return url;
  throw new Error('the discovery document has no usable jwks_uri');
}
