import { readPostgresUrl } from './postgres-url.js';
import {
  commaSeparated,
  mapped,
  matching,
  oneOf,
  readingRule,
  stringRule,
  type TextRule,
  Violation,
} from '../rules/rule.js';
import { basePath, externalName, host, ipRange, serviceUrl, urlHost } from '../rules/network-rules.js';
import { filePath, integer, text, trueOrFalse } from '../rules/rules.js';
import { logLength } from '../rules/size-rules.js';
import { instant, rate, schedule, tokenAge, wait, watchPeriod } from '../rules/time-rules.js';
import { apiKeys } from './api-keys.js';
import type { DatabaseConfig, PublicPath } from './config.js';
import { fingerprintKeys } from './fingerprint-keys.js';
import { DEFAULT_RETENTION, retention } from './retention.js';
import { webhookSecrets } from './webhook-secrets.js';

/** An environment variable: `loadConfig` reads it, and `docs/configuration.md` documents it (SPEC §6). */
export interface Variable<T> {
  readonly rule: TextRule<T>;
  /** The text that applies where the variable is not set; undefined: none. */
  readonly default: string | undefined;
}

/** A variable that always has a value. */
function variable<T>(defaultText: string, rule: TextRule<T>): Variable<T> {
  return { rule, default: defaultText };
}

/** A variable that may be without a value. */
function optionalVariable<T>(rule: TextRule<T>): Variable<T | undefined> {
  return { rule, default: undefined };
}

const somePublicPaths = commaSeparated<PublicPath>(
  oneOf(['/', '/health', '/metrics', '/documentation', '/problems', '/console']),
);

const publicPaths: TextRule<readonly PublicPath[]> = readingRule(
  'publicPaths',
  `none, or ${somePublicPaths.allowed}`,
  (list) => (list === 'none' ? [] : somePublicPaths.read(list)),
);

const proxyAddresses = mapped(
  commaSeparated(
    stringRule(
      'proxyAddress',
      'an address, a CIDR block, loopback, linklocal or uniquelocal',
      (address) => ipRange.accepts(address) || /^(loopback|linklocal|uniquelocal)$/.test(address),
    ),
  ),
  (addresses) => addresses.join(','),
);

const MAX_PROXY_HOPS = 32;
const proxyHops = integer(1, MAX_PROXY_HOPS);

/** Express's `trust proxy`, except `true`, which trusts any `X-Forwarded-For` that a caller sends. */
const trustedProxies: TextRule<number | string> = readingRule(
  'trustedProxies',
  `the number of proxies in front, 1 to ${MAX_PROXY_HOPS}, or ${proxyAddresses.allowed}`,
  (proxies) => {
    const hops = proxyHops.read(proxies);
    return hops instanceof Violation ? proxyAddresses.read(proxies) : hops;
  },
);

type DatabaseLocation =
  Extract<DatabaseConfig, { kind: 'sqlite' }> | { readonly kind: 'postgres'; readonly url: string };

const databaseUrl: TextRule<DatabaseLocation> = readingRule(
  'databaseUrl',
  'sqlite:PATH, sqlite::memory: or postgres://user:password@host:port[,host:port]/database',
  (url) => {
    // `sqlite://x` is refused: some readers take x for a host, some for a path from the root.
    if (/^sqlite:(?!\/\/)./.test(url)) return { kind: 'sqlite', path: url.slice('sqlite:'.length) };
    if (!/^postgres(ql)?:\/\/[^\s]/.test(url)) return new Violation();
    const read = readPostgresUrl(url);
    return read instanceof Violation ? read : { kind: 'postgres', url };
  },
);

/** An http(s) address: a template of another scheme would run as a script in the operator's browser. */
const traceUrlTemplate = stringRule(
  'traceUrlTemplate',
  'an absolute http(s) URL with {traceId} in it',
  (template) =>
    template.includes('{traceId}') &&
    /^https?:$/.test(URL.parse(template.replaceAll('{traceId}', '0'))?.protocol ?? ''),
);

const claim = matching('claim', 'the name of a claim, or its path', /^[\x21-\x7e]{1,255}$/);

/**
 * Every variable that the gateway reads (SPEC §6, and the limits and credentials around it), in the order of
 * `docs/configuration.md`.
 */
export const VARIABLES = {
  NODE_ENV: optionalVariable(text),
  HTTP_PORT: variable('8080', integer(0, 65_535)),
  HTTP_HOST: variable('0.0.0.0', host),
  LOG_LEVEL: variable('info', oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace'], 'any')),
  HTTP_LOG_LEVEL: variable('none', oneOf(['none', 'basic', 'headers', 'body'], 'any')),
  EXTERNAL_PROVIDERS_CONFIG: optionalVariable(filePath),
  ENABLED_PROVIDERS: optionalVariable(commaSeparated(externalName)),
  PAYMENT_CALLBACK_URL: optionalVariable(serviceUrl('allowed')),
  NOTIFICATION_SECRET: optionalVariable(webhookSecrets),
  RECEIVERS_CONFIG: optionalVariable(filePath),
  NOTIFICATION_SCHEDULE: variable('5s,30s,2m,10m,30m,1h,2h,5h,10h,14h,20h,24h', schedule),
  NOTIFICATION_CONCURRENCY: variable('32', integer(1, 1_024)),
  RECONCILIATION_SCHEDULE: variable('1m,2m,5m,10m,30m,1h,2h,6h,12h,24h,24h,24h,24h,24h,24h', schedule),
  SUBSCRIPTION_SCHEDULE: variable('24h', watchPeriod),
  IDEMPOTENCY_TTL_HOURS: variable('24', integer(1, 8_760)),
  REPEAT_WINDOW_MS: variable('10000', integer(0, 86_400_000)),
  FINGERPRINT_KEY: optionalVariable(fingerprintKeys),
  RETENTION: variable(DEFAULT_RETENTION, retention),
  UPGRADE_FROM: optionalVariable(oneOf(['0.1'])),
  WORKERS: variable(
    'on',
    mapped(oneOf(['on', 'off']), (word) => word === 'on'),
  ),
  DATABASE_URL: variable('sqlite:./data/tollgate.db', databaseUrl),
  WAL_LIMIT: variable('256MiB', logLength),
  DATABASE_POOL_SIZE: variable('10', integer(1, 1_000)),
  DATABASE_SCHEMA: optionalVariable(
    matching('databaseSchema', '1 to 63 of a-z 0-9 _, not beginning with a digit', /^[a-z_][a-z0-9_]{0,62}$/),
  ),
  DATABASE_WAIT: variable('30s', wait),
  RECOVERED_FROM: optionalVariable(instant),
  API_AUTH: optionalVariable(oneOf(['required', 'optional', 'none'])),
  API_KEYS: optionalVariable(apiKeys),
  API_KEYS_FILE: optionalVariable(filePath),
  OIDC_ISSUER: optionalVariable(serviceUrl('refused')),
  OIDC_AUDIENCE: optionalVariable(text),
  OIDC_SCOPE_CLAIM: variable('scope', claim),
  OIDC_EXTERNALS_CLAIM: optionalVariable(claim),
  OIDC_MAX_TOKEN_AGE: variable('24h', tokenAge),
  OIDC_TOKEN_TYPE: optionalVariable(
    matching('tokenType', 'the typ of a JWT, such as at+jwt', /^[A-Za-z0-9][A-Za-z0-9.+/_-]{0,63}$/),
  ),
  RATE_LIMIT: optionalVariable(rate),
  METRICS_PORT: optionalVariable(integer(0, 65_535)),
  METRICS_HOST: optionalVariable(host),
  MAX_CONNECTIONS: variable('10000', integer(1, 1_000_000)),
  BASE_PATH: optionalVariable(basePath),
  PUBLIC_PATHS: variable('/,/health,/metrics,/documentation,/problems,/console', publicPaths),
  TRUST_PROXY: optionalVariable(trustedProxies),
  REQUIRE_CALLBACK_AUTH: variable('false', trueOrFalse),
  ALLOW_HTTP_HOSTS: optionalVariable(commaSeparated(urlHost)),
  BLOCK_PRIVATE_ADDRESSES: variable('false', trueOrFalse),
  OTEL_EXPORTER_OTLP_ENDPOINT: optionalVariable(serviceUrl('refused')),
  CONSOLE: variable(
    'on',
    mapped(oneOf(['on', 'off']), (word) => word === 'on'),
  ),
  TRACE_URL_TEMPLATE: optionalVariable(traceUrlTemplate),
  CONSOLE_OIDC_CLIENT_ID: optionalVariable(text),
  CONSOLE_OIDC_SCOPE: variable('openid', text),
} as const satisfies Readonly<Record<string, Variable<unknown>>>;

export type VariableName = keyof typeof VARIABLES;

/** The values of the variables, each in its own type. */
export type Values = {
  readonly [Name in VariableName]: (typeof VARIABLES)[Name] extends Variable<infer T> ? T : never;
};
