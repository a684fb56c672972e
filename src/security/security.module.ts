import { randomBytes } from 'node:crypto';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { isAdminScope } from '../config/api-keys.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { Tracer } from '../observability/tracing/tracer.js';
import { Secret } from '../sensitive/secret.js';
import { Clock } from '../shared/clock.js';
import { AddressGuard } from '../outbound/address-guard.js';
import { ApiKeys } from './api-keys.js';
import { Callers } from './callers.js';
import { FixedWindows } from './fixed-windows.js';
import type { OidcTokens } from './oidc-tokens.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { ScopeGuard } from './scope.guard.js';
import { SecurityMetrics } from './security.metrics.js';

/** Without one, a first start could not show `/admin`, which never opens without a key. */
function throwAwayKey({ production, callers: { keys, keysFile } }: Config): Secret | undefined {
  if (production || keysFile !== undefined) return undefined;
  if (keys.some(({ name, scopes }) => name === 'throw-away' || scopes.some(isAdminScope))) return undefined;
  return new Secret(randomBytes(24).toString('base64url'));
}

type RateLimit = NonNullable<Config['callers']['rateLimit']>;

/** Undefined if no issuer is configured. */
const OIDC_TOKENS = Symbol('OidcTokens');

const PROVIDERS: Provider[] = [
  SecurityMetrics,
  {
    provide: ApiKeys,
    inject: [CONFIG, SecurityMetrics],
    useFactory: (config: Config, metrics: SecurityMetrics) =>
      new ApiKeys(config.callers, metrics, undefined, throwAwayKey(config)),
  },
  {
    provide: OIDC_TOKENS,
    inject: [CONFIG, Clock, Tracer],
    useFactory: async ({ callers, egress }: Config, clock: Clock, tracer: Tracer) => {
      if (!callers.oidc) return undefined;
      // Loads the libraries only if an issuer is configured: the start without one is faster.
      const { IssuerConnection } = await import('./issuer-connection.js');
      const { OidcTokens } = await import('./oidc-tokens.js');
      const connection = new IssuerConnection(new AddressGuard(egress), tracer);
      return new OidcTokens(callers.oidc, connection, clock);
    },
  },
  {
    provide: Callers,
    inject: [CONFIG, ApiKeys, OIDC_TOKENS],
    useFactory: ({ callers }: Config, keys: ApiKeys, tokens: OidcTokens | undefined) =>
      new Callers(callers.auth, keys, tokens),
  },
];

/**
 * Authentication and limits of callers. The authentication middleware, installed by `create-app.ts`, checks a request
 * before routing; the guards check what depends on the route.
 *
 * @throws ConfigError at start, with every problem of `API_KEYS_FILE`
 */
@Module({})
// oxlint-disable-next-line typescript/no-extraneous-class -- a dynamic module of Nest is a class with a static method
export class SecurityModule {
  static register({ callers: { rateLimit } }: Config): DynamicModule {
    const guards = rateLimit ? [RateLimitGuard, ScopeGuard] : [ScopeGuard];
    return {
      module: SecurityModule,
      global: true,
      imports: rateLimit ? [throttlerModule(rateLimit)] : [],
      providers: [...PROVIDERS, ...guards.map((guard) => ({ provide: APP_GUARD, useClass: guard }))],
      exports: [ApiKeys, Callers, SecurityMetrics],
    };
  }
}

function throttlerModule({ requests: limit, windowMs: ttl }: RateLimit): DynamicModule {
  return ThrottlerModule.forRootAsync({
    inject: [Clock],
    useFactory: (clock: Clock) => ({ throttlers: [{ limit, ttl }], storage: new FixedWindows(clock) }),
  });
}
