import type { Secret } from '../sensitive/secret.js';
import type { RetentionPeriods } from './retention.js';

/**
 * The configuration of the gateway, read once at the start and frozen (SPEC §6). Nothing else reads `process.env`.
 * Times are in milliseconds, sizes in bytes.
 */
export interface Config {
  readonly production: boolean;
  readonly http: HttpConfig;
  readonly logLevel: LogLevel;
  /** How much of the calls to externals is logged, redacted. */
  readonly httpLogLevel: 'none' | 'basic' | 'headers' | 'body';
  readonly externals: ExternalsSource;
  readonly notifications: NotificationsConfig;
  readonly reconciliation: { readonly scheduleMs: readonly number[] };
  /** `SUBSCRIPTION_SCHEDULE`: the period in which each live subscription is queried once. */
  readonly subscriptions: { readonly watchPeriodMs: number };
  readonly database: DatabaseConfig;
  /** `RECOVERED_FROM`: the time of the state that the ledger was restored to; undefined: it was not restored. */
  readonly recoveredFrom: number | undefined;
  readonly callers: CallersConfig;
  readonly callbacks: { readonly requireAuth: boolean };
  readonly idempotencyTtlMs: number;
  /** How long an operation without a key refuses an identical one, where no ledger does; 0: never (SPEC §3). */
  readonly repeatWindowMs: number;
  /** Of the requests' fingerprints: one, or two while it is rotated. Empty: one in a file beside the ledger. */
  readonly fingerprintKeys: readonly Secret[];
  /** `RETENTION`: how long rows that have ended are kept. */
  readonly retentionMs: RetentionPeriods;
  /** The version whose replicas run beside this one during an upgrade, and must understand what it stores. */
  readonly upgradeFrom: '0.1' | undefined;
  /** `off`: this replica serves the API only. */
  readonly workers: boolean;
  /** Where OpenTelemetry traces are sent; undefined: no tracing, and none of its modules is loaded. */
  readonly otlpEndpoint: string | undefined;
  /** Which addresses outgoing calls may connect to (SSRF). */
  readonly egress: EgressConfig;
  /** The web application of operators (SPEC §9). */
  readonly console: ConsoleConfig;
}

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

export interface HttpConfig {
  readonly port: number;
  readonly host: string;
  /**
   * `BASE_PATH`: under which path a proxy shows the gateway; undefined: under the one that a trusted proxy names, else
   * at the root.
   */
  readonly basePath: string | undefined;
  /** The paths that need no credentials (SPEC §8). */
  readonly publicPaths: readonly PublicPath[];
  /**
   * Express's `trust proxy`: comma-separated addresses, or a hop count; undefined: the socket's address is the
   * caller's.
   */
  readonly trustProxy: string | number | undefined;
  readonly maxConnections: number;
  /** `METRICS_PORT`: a listener of its own for health and metrics; undefined: none. */
  readonly operating: { readonly host: string; readonly port: number } | undefined;
}

export type PublicPath = '/' | '/health' | '/metrics' | '/documentation' | '/problems' | '/console';

/** A file to read and watch, or, with neither file nor production, the bundled simulator (SPEC §6). */
export type ExternalsSource =
  | {
      readonly kind: 'file';
      readonly path: string;
      /** The names of `ENABLED_PROVIDERS`; undefined: all of the file. */
      readonly enabled: readonly string[] | undefined;
      /** `REQUIRE_CALLBACK_AUTH`: an external without `callbackAuth` is refused when the file is read. */
      readonly requireCallbackAuth?: boolean;
      /** Each external must say its `callbackAuth`, which may not be weak. */
      readonly production?: boolean;
    }
  | { readonly kind: 'simulator' };

/** The receivers file, to read and watch (SPEC §5). */
export interface ReceiversSource {
  readonly path: string;
  /** Receivers are https, but for `allowHttpHosts`, and their secrets may not be weak. */
  readonly production: boolean;
  readonly allowHttpHosts: readonly string[];
}

export interface NotificationsConfig {
  /** The receiver, `PAYMENT_CALLBACK_URL`. Undefined: the bundled simulator, or no receiver. */
  readonly receiverUrl: string | undefined;
  /** One signing secret, or two while a key is rotated. Empty: the gateway generates one for the simulator. */
  readonly secrets: readonly Secret[];
  /** `RECEIVERS_CONFIG`: the file with further receivers; undefined: none. */
  readonly receivers: ReceiversSource | undefined;
  /** Waits between attempts. */
  readonly scheduleMs: readonly number[];
  readonly concurrency: number;
}

export type DatabaseConfig =
  | {
      readonly kind: 'sqlite';
      /** `:memory:` or a file. */
      readonly path: string;
      /** `WAL_LIMIT`: the length of the write-ahead log beyond which the gateway is not ready. */
      readonly logLimitBytes?: number;
    }
  | {
      readonly kind: 'postgres';
      readonly url: Secret;
      readonly poolSize: number;
      readonly schema: string | undefined;
      /** How long a start waits for the server. Default: not at all. */
      readonly waitMs?: number;
    };

export interface CallersConfig {
  readonly auth: 'required' | 'optional' | 'none';
  readonly keys: readonly ApiKeyConfig[];
  readonly keysFile: string | undefined;
  /** Refuses keys of the file whose secret anyone can guess. Default false. */
  readonly production?: boolean;
  readonly oidc:
    | {
        readonly issuer: string;
        readonly audience: string;
        /** The claim with the scopes, by its name or, for a nested one, its path with dots. */
        readonly scopeClaim: string;
        /** The claim with the externals that a token may use, named likewise; undefined: every token may use all. */
        readonly externalsClaim: string | undefined;
        /** How long after its `iat` a token is accepted. */
        readonly maxTokenAgeMs: number;
        /** The `typ` of accepted tokens; undefined: those of access tokens. */
        readonly tokenType: string | undefined;
      }
    | undefined;
  readonly rateLimit: { readonly requests: number; readonly windowMs: number } | undefined;
}

/** `admin` includes the other three of `/admin` (SPEC §6). */
export type AdminScope = 'admin-read' | 'admin-act' | 'admin-settle' | 'admin';
export type Scope = 'payments' | 'refunds' | 'subscriptions' | 'read' | AdminScope;

export interface ApiKeyConfig {
  readonly name: string;
  readonly secret: Secret;
  readonly scopes: readonly Scope[];
}

export interface EgressConfig {
  readonly allowHttpHosts: readonly string[];
  readonly blockPrivateAddresses: boolean;
}

export interface ConsoleConfig {
  /** `CONSOLE=off`: nothing is served at `/console`. */
  readonly enabled: boolean;
  /** The address of a trace, with `{traceId}` in it; undefined: trace ids are shown without a link. */
  readonly traceUrlTemplate: string | undefined;
  /** How the console signs in at `OIDC_ISSUER`; undefined: with an API key only. */
  readonly oidc: { readonly clientId: string; readonly scope: string } | undefined;
}
