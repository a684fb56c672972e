import { API_KEYS_ALLOWED, parseApiKeys } from './api-keys.js';
import type { DatabaseConfig, PublicPath } from './config.js';
import { EXTERNAL_NAME, EXTERNAL_NAME_ALLOWED } from './external-name.js';
import {
  anyText,
  choice,
  host,
  httpUrl,
  integer,
  list,
  matching,
  oneOf,
  rate,
  schedule,
  trueOrFalse,
  urlHost,
} from './formats.js';
import { isIpRange } from './ip-range.js';
import { optionalVariable, Refusal, variable, type Format, type Variable } from './variable.js';
import { readWebhookSecrets, WEBHOOK_SECRETS_ALLOWED } from './webhook-secrets.js';

const filePath: Format<string> = { ...anyText, allowed: 'the path of a file' };

const publicPathList = list(oneOf<PublicPath>(['/health', '/metrics', '/documentation', '/problems']));

const publicPaths: Format<readonly PublicPath[]> = {
  allowed: `none, or ${publicPathList.allowed}`,
  parse: (text) => (text === 'none' ? [] : publicPathList.parse(text)),
};

const proxyAddressList = list<string>({
  allowed: 'an address, a CIDR block, loopback, linklocal or uniquelocal',
  parse: (text) =>
    isIpRange(text) || /^(loopback|linklocal|uniquelocal)$/.test(text) ? text : new Refusal(),
});

const MAX_PROXY_HOPS = 32;

/** Express's `trust proxy` but for `true`, which believes whatever a caller writes into `X-Forwarded-For`. */
const trustedProxies: Format<number | string> = {
  allowed: `the number of proxies in front, 1 to ${MAX_PROXY_HOPS}, or ${proxyAddressList.allowed}`,
  parse: (text) => {
    const hops = integer(1, MAX_PROXY_HOPS).parse(text);
    if (!(hops instanceof Refusal)) return hops;
    const addresses = proxyAddressList.parse(text);
    return addresses instanceof Refusal ? addresses : addresses.join(',');
  },
};

type DatabaseLocation =
  Extract<DatabaseConfig, { kind: 'sqlite' }> | { readonly kind: 'postgres'; readonly url: string };

const databaseUrl: Format<DatabaseLocation> = {
  allowed: 'sqlite:PATH, sqlite::memory: or postgres://user:password@host:port/database',
  parse: (text) => {
    // `sqlite://x` is refused: some read x as a host, some as a path from the root.
    if (/^sqlite:(?!\/\/)./.test(text)) return { kind: 'sqlite', path: text.slice('sqlite:'.length) };
    return /^postgres(ql)?:\/\/[^\s]/.test(text) && URL.canParse(text)
      ? { kind: 'postgres', url: text }
      : new Refusal();
  },
};

/**
 * Every variable that the gateway reads (SPEC §6, and the limits and credentials around it), in the order of
 * `docs/configuration.md`.
 */
export const VARIABLES = {
  NODE_ENV: optionalVariable<string>(anyText),
  HTTP_PORT: variable('8080', integer(0, 65_535)),
  HTTP_HOST: variable('0.0.0.0', host),
  LOG_LEVEL: variable('info', oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace'], 'any')),
  HTTP_LOG_LEVEL: variable('none', oneOf(['none', 'basic', 'headers', 'body'], 'any')),
  EXTERNAL_PROVIDERS_CONFIG: optionalVariable(filePath),
  ENABLED_PROVIDERS: optionalVariable(list(matching(EXTERNAL_NAME_ALLOWED, EXTERNAL_NAME))),
  PAYMENT_CALLBACK_URL: optionalVariable(httpUrl('allowed')),
  NOTIFICATION_SECRET: optionalVariable({
    allowed: WEBHOOK_SECRETS_ALLOWED,
    secret: true,
    parse: (text) => readWebhookSecrets(text) ?? new Refusal(),
  }),
  NOTIFICATION_SCHEDULE: variable('5s,30s,2m,10m,30m,1h,2h,5h,10h,14h,20h,24h', schedule),
  NOTIFICATION_CONCURRENCY: variable('32', integer(1, 1_024)),
  RECONCILIATION_SCHEDULE: variable('1m,2m,5m,10m,30m,1h,2h,6h,12h,24h,24h,24h,24h,24h,24h', schedule),
  IDEMPOTENCY_TTL_HOURS: variable('24', integer(1, 8_760)),
  WORKERS: variable('on', choice({ on: true, off: false })),
  DATABASE_URL: variable('sqlite:./data/tollgate.db', databaseUrl),
  DATABASE_POOL_SIZE: variable('10', integer(1, 1_000)),
  DATABASE_SCHEMA: optionalVariable(
    matching('1 to 63 of a-z 0-9 _, not beginning with a digit', /^[a-z_][a-z0-9_]{0,62}$/),
  ),
  API_AUTH: optionalVariable(oneOf(['required', 'optional', 'none'])),
  API_KEYS: optionalVariable({ allowed: API_KEYS_ALLOWED, secret: true, parse: parseApiKeys }),
  API_KEYS_FILE: optionalVariable(filePath),
  OIDC_ISSUER: optionalVariable(httpUrl('refused')),
  OIDC_AUDIENCE: optionalVariable<string>(anyText),
  RATE_LIMIT: optionalVariable(rate),
  MAX_CONNECTIONS: variable('10000', integer(1, 1_000_000)),
  PUBLIC_PATHS: variable('/health,/metrics,/documentation,/problems', publicPaths),
  TRUST_PROXY: optionalVariable(trustedProxies),
  REQUIRE_CALLBACK_AUTH: variable('false', trueOrFalse),
  ALLOW_HTTP_HOSTS: optionalVariable(list(urlHost)),
  BLOCK_PRIVATE_ADDRESSES: variable('false', trueOrFalse),
  OTEL_EXPORTER_OTLP_ENDPOINT: optionalVariable(httpUrl('refused')),
} as const satisfies Readonly<Record<string, Variable<unknown>>>;

export type VariableName = keyof typeof VARIABLES;

/** What the variables say, each in its own type. */
export type Values = {
  readonly [Name in VariableName]: (typeof VARIABLES)[Name] extends Variable<infer T> ? T : never;
};
