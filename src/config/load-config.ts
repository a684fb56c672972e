import { Violation } from '../rules/rule.js';
import { Secret } from '../sensitive/secret.js';
import { ConfigError } from './config-error.js';
import type { CallersConfig, Config, DatabaseConfig, ExternalsSource, ReceiversSource } from './config.js';
import { contradictions, defaultAuth } from './configuration-rules.js';
import { deepFreeze } from './deep-freeze.js';
import { describeViolation, displayText } from './problem-text.js';
import type { Environment } from './environment.js';
import { readExternalsFile } from './externals-file.js';
import { readReceiversFile } from './receivers-file.js';
import { misspeltVariables } from './misspelt-variables.js';
import { VARIABLES, type Values, type Variable, type VariableName } from './variables.js';

const HOUR_MS = 3_600_000;

/**
 * Reads the configuration at the start. Checks the files of externals and receivers even if the environment has problems,
 * so that the operator sees all of them at once (SPEC §6); if it has none, their registries read the files.
 *
 * @throws ConfigError with every problem of all
 */
export function readConfig(env: Environment = process.env): Config {
  try {
    return loadConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError([
      ...error.problems,
      ...externalsProblems(env),
      ...receiversProblems(env),
      ...misspeltVariables(env),
    ]);
  }
}

function externalsProblems(env: Environment): readonly string[] {
  const { EXTERNAL_PROVIDERS_CONFIG, ENABLED_PROVIDERS, REQUIRE_CALLBACK_AUTH } = env;
  let externals: ExternalsSource;
  try {
    ({ externals } = loadConfig({ EXTERNAL_PROVIDERS_CONFIG, ENABLED_PROVIDERS, REQUIRE_CALLBACK_AUTH }));
  } catch {
    // Reported already. Until these variables are valid, the requirements of the file are unknown.
    return [];
  }
  return problemsOf(() => {
    if (externals.kind === 'file')
      readExternalsFile({ ...externals, production: isProduction(readTexts(env)) }, env);
  });
}

function receiversProblems(env: Environment): readonly string[] {
  const { RECEIVERS_CONFIG, ALLOW_HTTP_HOSTS } = env;
  let source: ReceiversSource | undefined;
  try {
    source = loadConfig({ RECEIVERS_CONFIG, ALLOW_HTTP_HOSTS }).notifications.receivers;
  } catch {
    return [];
  }
  return problemsOf(() => {
    if (source) readReceiversFile({ ...source, production: isProduction(readTexts(env)) }, undefined, env);
  });
}

function problemsOf(read: () => void): readonly string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/**
 * Reads the configuration from the environment, deeply frozen (SPEC §6). An empty text counts as not set; variables
 * of other programs are ignored. Reads no file.
 *
 * @throws ConfigError with every problem
 */
export function loadConfig(env: Environment = process.env): Config {
  const problems: string[] = [];
  const texts = readTexts(env);
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(VARIABLES) as VariableName[]) {
    const { rule, default: defaultText }: Variable<unknown> = VARIABLES[name];
    const text = texts[name] ?? defaultText;
    const value = text === undefined ? undefined : rule.read(text);
    if (value instanceof Violation) {
      const shown = rule.secret ? '***' : displayText(text!);
      problems.push(`${name}: ${describeViolation(rule, shown, value)}`);
    } else values[name] = value;
  }
  const production = isProduction(texts);
  problems.push(...contradictions(texts, values, production));
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(assemble(values as Values, production));
}

/** In any letter case: `Production` read as development would admit callers without credentials. */
function isProduction({ NODE_ENV }: Texts): boolean {
  return NODE_ENV?.toLowerCase() === 'production';
}

type Texts = Partial<Record<VariableName, string>>;

function readTexts(env: Environment): Texts {
  const texts: Texts = {};
  for (const name of Object.keys(VARIABLES) as VariableName[]) {
    const text = Object.hasOwn(env, name) ? env[name]?.trim() : undefined;
    if (text) texts[name] = text;
  }
  return texts;
}

function assemble(values: Values, production: boolean): Config {
  return {
    production,
    http: {
      port: values.HTTP_PORT,
      host: values.HTTP_HOST,
      basePath: values.BASE_PATH,
      publicPaths: values.PUBLIC_PATHS,
      trustProxy: values.TRUST_PROXY,
      maxConnections: values.MAX_CONNECTIONS,
      operating:
        values.METRICS_PORT === undefined
          ? undefined
          : { host: values.METRICS_HOST ?? values.HTTP_HOST, port: values.METRICS_PORT },
    },
    logLevel: values.LOG_LEVEL,
    httpLogLevel: values.HTTP_LOG_LEVEL,
    externals: externalsSource(values, production),
    notifications: {
      receiverUrl: values.PAYMENT_CALLBACK_URL,
      secrets: values.NOTIFICATION_SECRET ?? [],
      receivers: receiversSource(values, production),
      scheduleMs: values.NOTIFICATION_SCHEDULE,
      concurrency: values.NOTIFICATION_CONCURRENCY,
    },
    reconciliation: { scheduleMs: values.RECONCILIATION_SCHEDULE },
    subscriptions: { watchPeriodMs: values.SUBSCRIPTION_SCHEDULE },
    database: database(values),
    recoveredFrom: values.RECOVERED_FROM,
    callers: callers(values, production),
    callbacks: { requireAuth: values.REQUIRE_CALLBACK_AUTH },
    idempotencyTtlMs: values.IDEMPOTENCY_TTL_HOURS * HOUR_MS,
    repeatWindowMs: values.REPEAT_WINDOW_MS,
    fingerprintKeys: values.FINGERPRINT_KEY ?? [],
    retentionMs: values.RETENTION,
    upgradeFrom: values.UPGRADE_FROM,
    workers: values.WORKERS,
    otlpEndpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT,
    egress: {
      allowHttpHosts: values.ALLOW_HTTP_HOSTS ?? [],
      blockPrivateAddresses: values.BLOCK_PRIVATE_ADDRESSES,
    },
    console: {
      enabled: values.CONSOLE,
      traceUrlTemplate: values.TRACE_URL_TEMPLATE,
      oidc:
        values.CONSOLE_OIDC_CLIENT_ID === undefined
          ? undefined
          : { clientId: values.CONSOLE_OIDC_CLIENT_ID, scope: values.CONSOLE_OIDC_SCOPE },
    },
  };
}

function externalsSource(values: Values, production: boolean): ExternalsSource {
  return values.EXTERNAL_PROVIDERS_CONFIG === undefined
    ? { kind: 'simulator' }
    : {
        kind: 'file',
        path: values.EXTERNAL_PROVIDERS_CONFIG,
        enabled: values.ENABLED_PROVIDERS,
        requireCallbackAuth: values.REQUIRE_CALLBACK_AUTH,
        production,
      };
}

function receiversSource(values: Values, production: boolean): ReceiversSource | undefined {
  const { RECEIVERS_CONFIG: path, ALLOW_HTTP_HOSTS: allowHttpHosts = [] } = values;
  return path === undefined ? undefined : { path, production, allowHttpHosts };
}

function database({ DATABASE_URL: location, ...values }: Values): DatabaseConfig {
  return location.kind === 'sqlite'
    ? { ...location, logLimitBytes: values.WAL_LIMIT }
    : {
        kind: 'postgres',
        url: new Secret(location.url),
        poolSize: values.DATABASE_POOL_SIZE,
        schema: values.DATABASE_SCHEMA,
        waitMs: values.DATABASE_WAIT,
      };
}

function callers(values: Values, production: boolean): CallersConfig {
  return {
    auth: values.API_AUTH ?? defaultAuth(production),
    keys: values.API_KEYS ?? [],
    keysFile: values.API_KEYS_FILE,
    production,
    oidc: oidcOf(values),
    rateLimit: values.RATE_LIMIT,
  };
}

function oidcOf(values: Values): CallersConfig['oidc'] {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience } = values;
  if (issuer === undefined || audience === undefined) return undefined;
  return {
    issuer,
    audience,
    scopeClaim: values.OIDC_SCOPE_CLAIM,
    externalsClaim: values.OIDC_EXTERNALS_CLAIM,
    maxTokenAgeMs: values.OIDC_MAX_TOKEN_AGE,
    tokenType: values.OIDC_TOKEN_TYPE,
  };
}
