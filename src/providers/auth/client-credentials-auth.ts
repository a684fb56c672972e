import { unlessAborted } from '../../shared/unless-aborted.js';
import type { AuthHeaders, OutboundAuth, OutboundAuthDependencies } from './outbound-auth.js';
import { CredentialsUnavailable } from './credentials-unavailable.js';
import { basicSecrets } from './static-auth.js';
import { requestToken, type ClientCredentialsConfig } from './token-request.js';

const DEFAULT_TOKEN_TIMEOUT_MS = 10_000;
/** A token is renewed this long before it expires, but not in the first nine tenths of its lifetime. */
const MAX_MARGIN_MS = 30_000;
const MARGIN_SHARE = 0.1;
/** The wait after a failed renewal, while the present token is still valid. */
const PAUSE_AFTER_FAILURE_MS = 1_000;
const KEPT_TOKENS = 3;

interface HeldToken {
  readonly headers: AuthHeaders;
  readonly renewFromMs: number;
  readonly endsAtMs: number;
}

/**
 * OAuth 2.0 client credentials. All requests share one token, which is renewed in the background before it expires,
 * by one request at a time. If a renewal fails, the present token stays in use until it expires.
 */
export class ClientCredentialsAuth implements OutboundAuth {
  #held: HeldToken | undefined;
  #renewal: Promise<AuthHeaders> | undefined;
  #failedAtMs = -Infinity;
  readonly #ofClient: readonly string[];
  #tokens: readonly string[] = [];
  /** The client's, and the last tokens: an answer may be to a request with an earlier one. */
  #secrets: readonly string[];

  constructor(
    private readonly config: ClientCredentialsConfig,
    private readonly dependencies: OutboundAuthDependencies,
  ) {
    this.#ofClient = basicSecrets(config.clientId, config.clientSecret.reveal());
    this.#secrets = this.#ofClient;
  }

  headers(signal: AbortSignal): AuthHeaders | Promise<AuthHeaders> {
    const now = this.dependencies.clock.now();
    const held = this.#held;
    if (!held || now >= held.endsAtMs) return this.#awaitToken(signal);
    if (now >= held.renewFromMs && now >= this.#failedAtMs + PAUSE_AFTER_FAILURE_MS)
      this.#renewInBackground();
    return held.headers;
  }

  secrets(): readonly string[] {
    return this.#secrets;
  }

  invalidate(refused: AuthHeaders): boolean {
    if (this.#held && this.#held.headers['authorization'] === refused['authorization'])
      this.#held = undefined;
    return true;
  }

  tls(): undefined {
    return undefined;
  }

  onChange(): void {}

  close(): void {}

  /** The deadline of one call ends its own wait only: other calls may wait for the same renewal. */
  #awaitToken(signal: AbortSignal): Promise<AuthHeaders> {
    return unlessAborted(
      signal,
      () => this.#renew(),
      () => {
        throw new CredentialsUnavailable('token-timeout', 'No token was received in time', signal.reason);
      },
    );
  }

  #renew(): Promise<AuthHeaders> {
    this.#renewal ??= this.#fetch().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  #renewInBackground(): void {
    if (this.#renewal) return;
    this.#renew().catch((error: unknown) => {
      const { onWarning } = this.dependencies;
      onWarning?.(
        `Token not renewed, the present one stays in use: ${error instanceof Error ? error.message : 'failed'}`,
      );
    });
  }

  async #fetch(): Promise<AuthHeaders> {
    const { clock, tokenClient, tokenTimeoutMs = DEFAULT_TOKEN_TIMEOUT_MS, tracer } = this.dependencies;
    // The lifetime counts from before the request, so that an expired token is never used.
    const requestedAtMs = clock.now();
    try {
      const { text, lifetimeMs } = await requestToken(this.config, tokenClient, tokenTimeoutMs, tracer);
      const endsAtMs = requestedAtMs + lifetimeMs;
      const headers = { authorization: `Bearer ${text}` };
      this.#tokens = [text, ...this.#tokens.slice(0, KEPT_TOKENS - 1)];
      this.#secrets = [...this.#ofClient, ...this.#tokens];
      this.#held = {
        headers,
        endsAtMs,
        renewFromMs: endsAtMs - Math.min(MAX_MARGIN_MS, lifetimeMs * MARGIN_SHARE),
      };
      return headers;
    } catch (error) {
      this.#failedAtMs = clock.now();
      throw error;
    }
  }
}
