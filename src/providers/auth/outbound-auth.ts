import type { ClientTls } from '../../outbound/connector.js';
import type { Tracer } from '../../observability/tracing/tracer.js';
import type { OutboundClient } from '../../outbound/outbound-client.js';
import type { Clock } from '../../shared/clock.js';

/** Names are lower case. */
export type AuthHeaders = Readonly<Record<string, string>>;

/** Authenticates the gateway to one external (SPEC §6 `auth`). */
export interface OutboundAuth {
  /**
   * The headers for one request, without a promise if they are at hand.
   * @param signal ends this wait; other requests may wait for the same token
   * @throws CredentialsUnavailable nothing was sent to the external
   */
  headers(signal: AbortSignal): AuthHeaders | Promise<AuthHeaders>;

  /**
   * Discards `refused`, a result of {@link headers} to which the external answered 401, unless it has been replaced
   * since. True if the next {@link headers} may differ, so that a second request makes sense.
   */
  invalidate(refused: AuthHeaders): boolean;

  /**
   * What must not be shown of {@link headers} and {@link tls}, the tokens of the last requests included; another array
   * after each change.
   */
  secrets(): readonly string[];

  /** The client certificate for new connections; another object after each change. Undefined without one. */
  tls(): ClientTls | undefined;

  /**
   * Calls `listener` after {@link tls} changed. New connections should use the new certificate; present ones may go
   * on.
   */
  onChange(listener: () => void): void;

  /** Stops watching files. Sends nothing. */
  close(): void;
}

export interface OutboundAuthDependencies {
  readonly clock: Clock;
  /** Sends token requests; closed by its owner. */
  readonly tokenClient: OutboundClient;
  /** Records token requests. Default: nothing does. */
  readonly tracer?: Tracer;
  /** Bounds one token request as a whole. Default 10 s. */
  readonly tokenTimeoutMs?: number;
  /** Receives warnings for the operator, without secrets: a failed renewal of a token, an invalid new certificate. */
  readonly onWarning?: (message: string) => void;
}
