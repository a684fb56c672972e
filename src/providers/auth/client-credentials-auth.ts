import type { AuthHeaders, OutboundAuth, OutboundAuthDependencies } from './outbound-auth.js';
import { CredentialsUnavailable } from './credentials-unavailable.js';
import { requestToken, type ClientCredentialsConfig } from './token-request.js';

const DEFAULT_TOKEN_TIMEOUT_MS = 10_000;
/** A token is renewed this long before its end, but never in the first nine tenths of its life. */
const MAX_MARGIN_MS = 30_000;
const MARGIN_SHARE = 0.1;
/** So long after a failed renewal the token endpoint is left in peace while there is still a token to use. */
const PAUSE_AFTER_FAILURE_MS = 1_000;

interface HeldToken {
  readonly headers: AuthHeaders;
  readonly renewFromMs: number;
  readonly endsAtMs: number;
}

/**
 * OAuth 2.0 client credentials. One token for all requests, renewed in the background before its end, by one request at a
 * time; a renewal that fails leaves the present token in use until its end.
 */
export class ClientCredentialsAuth implements OutboundAuth {
  #held: HeldToken | undefined;
  #renewal: Promise<AuthHeaders> | undefined;
  #failedAtMs = -Infinity;

  constructor(
    private readonly config: ClientCredentialsConfig,
    private readonly dependencies: OutboundAuthDependencies,
  ) {}

  headers(signal: AbortSignal): AuthHeaders | Promise<AuthHeaders> {
    const now = this.dependencies.clock.now();
    const held = this.#held;
    if (!held || now >= held.endsAtMs) return unlessAborted(() => this.#renew(), signal);
    if (now >= held.renewFromMs && now >= this.#failedAtMs + PAUSE_AFTER_FAILURE_MS)
      this.#renewInBackground();
    return held.headers;
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
    const { clock, tokenClient, tokenTimeoutMs = DEFAULT_TOKEN_TIMEOUT_MS } = this.dependencies;
    // From before the request: the token is never believed to live longer than it does.
    const askedAtMs = clock.now();
    try {
      const { text, lifetimeMs } = await requestToken(this.config, tokenClient, tokenTimeoutMs);
      const endsAtMs = askedAtMs + lifetimeMs;
      const headers = { authorization: `Bearer ${text}` };
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

/** The caller's own deadline ends its wait only: others may wait for the same renewal. */
async function unlessAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const late = Promise.withResolvers<never>();
  const onAbort = (): void => late.reject(outOfTime(signal));
  if (signal.aborted) throw outOfTime(signal);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work(), late.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function outOfTime(signal: AbortSignal): CredentialsUnavailable {
  return new CredentialsUnavailable('token-timeout', 'No token came in time', signal.reason);
}
