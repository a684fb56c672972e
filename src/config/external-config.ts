import type { Secret } from '../sensitive/secret.js';

/** One entry of the externals file, defaults filled in, `${…}` resolved, frozen (SPEC §6). */
export interface ExternalConfig {
  /** `{external}` in the path: 1 to 64 of `a-z 0-9 - _`. */
  readonly name: string;
  /** Absolute http(s) URL without a trailing slash, query or fragment. */
  readonly baseUrl: string;
  /** Bounds a whole operation, retries included. */
  readonly timeoutMs: number;
  readonly maxConcurrency: number;
  readonly auth: OutboundAuthConfig;
  readonly callbackAuth: CallbackAuthConfig;
  /** CIDR blocks or addresses that may post callbacks; undefined: any. */
  readonly callbackAllowedIps: readonly string[] | undefined;
  /** Operations by their path below the prefix (`refund`, `subscription/schedule`); see `isOffered` for absent ones. */
  readonly operations: Readonly<Partial<Record<string, boolean>>>;
  readonly honoursIdempotencyKey: boolean;
  readonly statusByShopTransactionId: boolean;
  /** False: one exchange a connection. */
  readonly reuseConnections: boolean;
  /** A connection older than this serves no further exchange: the name may have another address by now. */
  readonly maxConnectionAgeMs: number;
  readonly duplicatePayments: 'refuse' | 'allow';
  /** `pgm-12`: also accepts what the pages of PGM 12.x show and SPEC §1 does not (docs/moving-from-pgm.md). */
  readonly compatibility: 'pgm-12' | undefined;
  /** `trusted`: the status in a signed callback is believed (SPEC §2). Default `queried`: the external is queried. */
  readonly callbackStatus: 'queried' | 'trusted';
  readonly circuitBreaker: { readonly failures: number; readonly windowMs: number; readonly openMs: number };
}

export type OutboundAuthConfig =
  | { readonly type: 'none' }
  | { readonly type: 'bearer'; readonly token: Secret }
  | { readonly type: 'basic'; readonly username: string; readonly password: Secret }
  | { readonly type: 'header'; readonly name: string; readonly value: Secret }
  | {
      readonly type: 'oauth2-client-credentials';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: Secret;
      readonly scope: string | undefined;
      readonly audience: string | undefined;
    }
  | {
      readonly type: 'mtls';
      readonly certFile: string;
      readonly keyFile: string;
      readonly caFile: string | undefined;
    };

export type CallbackAuthConfig =
  | { readonly type: 'none' }
  | { readonly type: 'bearer'; readonly token: Secret }
  | { readonly type: 'basic'; readonly username: string; readonly password: Secret }
  | { readonly type: 'standard-webhooks'; /** `whsec_…`, one or two */ readonly secrets: readonly Secret[] };
