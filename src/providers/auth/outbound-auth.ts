import type { ClientTls } from '../../outbound/connector.js';
import type { OutboundClient } from '../../outbound/outbound-client.js';
import type { Clock } from '../../shared/clock.js';

/** Names are lower case. */
export type AuthHeaders = Readonly<Record<string, string>>;

/** How the gateway says who it is to one external (SPEC §6 `auth`). */
export interface OutboundAuth {
  /**
   * The headers for one request, at once where nothing must be waited for.
   * @param signal ends the wait, not the work that others wait for too
   * @throws CredentialsUnavailable where no credentials are to be had; nothing was sent to the external
   */
  headers(signal: AbortSignal): AuthHeaders | Promise<AuthHeaders>;

  /**
   * To be told of a 401 to `refused`, which {@link headers} gave. True where the next {@link headers} may differ, so that
   * one more try makes sense. A 401 to what has been replaced since discards nothing.
   */
  invalidate(refused: AuthHeaders): boolean;

  /** The client certificate to dial with; another object after each change. Undefined where none is configured. */
  tls(): ClientTls | undefined;

  /** `listener` is called after {@link tls} changed: connections yet to come should use it, those in use may end as they are. */
  onChange(listener: () => void): void;

  /** Stops watching files. Sends nothing. */
  close(): void;
}

export interface OutboundAuthDependencies {
  readonly clock: Clock;
  /** Sends token requests; closed by its owner. */
  readonly tokenClient: OutboundClient;
  /** Bounds one token request as a whole. Default 10 s. */
  readonly tokenTimeoutMs?: number;
  /** Told, without any secret, what an operator should know while calls still go well: a failed renewal, a bad new certificate. */
  readonly onWarning?: (message: string) => void;
}
