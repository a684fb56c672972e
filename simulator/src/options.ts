export const MAX_PAYMENTS = 100_000;

export interface SimulatorOptions {
  /** 0: any free port. */
  readonly port: number;
  /** Where the port is in use: any free one instead of an error. Default: false. */
  readonly orAnyPort?: boolean;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** The base of links and redirects for a payer's browser. Default: the simulator's own address. */
  readonly publicUrl?: string;
  /** The gateway's `/v3/{external}/callback`; a function is called for each attempt. Undefined: no callbacks. */
  readonly callbackUrl?: string | (() => string | undefined) | undefined;
  /** `whsec_…`: signs callbacks. */
  readonly callbackSecrets?: readonly string[];
  /** Sent as `Authorization: Bearer` with callbacks that are not signed. */
  readonly callbackBearer?: string;
  /** Delays before the retries of a callback. Default: 0.5, 2, 5 and 15 s. */
  readonly callbackRetryMs?: readonly number[];
  /** `whsec_…`: the receiver verifies notifications with them. */
  readonly notificationSecrets?: readonly string[];
  /** False: the simulator ignores `Idempotency-Key`. Default: true. */
  readonly honourIdempotencyKey?: boolean;
  /** The maximum number of payments, refunds, subscriptions and keys, each. Default: 100,000. */
  readonly maxPayments?: number;
  /** Default: 10,000. */
  readonly maxNotifications?: number;
  /** The file in which it remembers everything across restarts. Undefined: it remembers nothing. */
  readonly memoryPath?: string | undefined;
}
