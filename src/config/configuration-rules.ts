import { durationText } from '../rules/time-rules.js';
import { displayText } from './problem-text.js';
import type { RetainedTable } from './retention.js';
import { weaknessOf } from './weak-secrets.js';
import { VARIABLES, type Values, type VariableName } from './variables.js';

const REQUIRED_IN_PRODUCTION = [
  'EXTERNAL_PROVIDERS_CONFIG',
  'PAYMENT_CALLBACK_URL',
  'NOTIFICATION_SECRET',
  'DATABASE_URL',
  'FINGERPRINT_KEY',
] as const;

const HOUR_MS = 3_600_000;
/** The days of `/admin/summary`, and one. */
const SUMMARY_MS = 31 * 24 * HOUR_MS;

/** Credentials that `API_AUTH=required` can check. */
const CREDENTIALS = ['API_KEYS', 'API_KEYS_FILE', 'OIDC_ISSUER'] as const;

/**
 * Checks the rules about several variables (SPEC §6), and yields the problems.
 *
 * @param texts the texts of the variables that are set
 * @param values the values of those that are valid
 */
export function* contradictions(
  texts: Readonly<Partial<Record<VariableName, string>>>,
  values: Partial<Values>,
  production: boolean,
): Generator<string> {
  for (const name of production ? REQUIRED_IN_PRODUCTION : []) {
    const { allowed } = VARIABLES[name].rule;
    if (texts[name] === undefined)
      yield `${name}: must be set when NODE_ENV=production, to ${allowed}; got nothing`;
  }

  if (production) yield* weakSecrets(values);

  // Without credentials to check, every caller would be refused, and the operator tempted to disable the check.
  const auth = texts.API_AUTH ?? defaultAuth(production);
  if (auth === 'required' && CREDENTIALS.every((name) => texts[name] === undefined)) {
    const origin = texts.API_AUTH === undefined ? ' (the default when NODE_ENV=production)' : '';
    yield (
      `API_AUTH: "required"${origin} must come with credentials to check: ` +
      `API_KEYS, API_KEYS_FILE, or OIDC_ISSUER and OIDC_AUDIENCE; got none of them`
    );
  }

  if ((texts.OIDC_ISSUER === undefined) !== (texts.OIDC_AUDIENCE === undefined)) {
    const [missing, given] =
      texts.OIDC_ISSUER === undefined ? ['OIDC_ISSUER', 'OIDC_AUDIENCE'] : ['OIDC_AUDIENCE', 'OIDC_ISSUER'];
    yield `${missing}: must be set where ${given} is set; got nothing`;
  }

  if (texts.CONSOLE_OIDC_CLIENT_ID !== undefined && texts.OIDC_ISSUER === undefined) {
    yield 'OIDC_ISSUER: must be set where CONSOLE_OIDC_CLIENT_ID is set; got nothing';
  }

  if (texts.METRICS_HOST !== undefined && texts.METRICS_PORT === undefined) {
    yield 'METRICS_PORT: must be set where METRICS_HOST is set; got nothing';
  }
  if (
    values.METRICS_PORT !== undefined &&
    values.METRICS_PORT !== 0 &&
    values.METRICS_PORT === values.HTTP_PORT
  ) {
    yield `METRICS_PORT: must be another port than HTTP_PORT; got "${values.METRICS_PORT}"`;
  }

  // Notifications and the issuer's keys decide about money, and must be encrypted in transit.
  for (const name of production ? (['PAYMENT_CALLBACK_URL', 'OIDC_ISSUER'] as const) : []) {
    const url = URL.parse(values[name] ?? '');
    if (url?.protocol !== 'http:' || values.ALLOW_HTTP_HOSTS?.includes(url.hostname)) continue;
    yield (
      `${name}: must be an https URL when NODE_ENV=production, or its host listed in ALLOW_HTTP_HOSTS; ` +
      `got ${displayText(values[name]!)}`
    );
  }

  yield* shortRetention(texts.RETENTION ?? '', values);

  const isSimulatorOnly = !production && texts.EXTERNAL_PROVIDERS_CONFIG === undefined;
  if (isSimulatorOnly && values.ENABLED_PROVIDERS?.some((name) => name !== 'simulator')) {
    yield (
      `ENABLED_PROVIDERS: must be simulator where EXTERNAL_PROVIDERS_CONFIG is not set; ` +
      `got ${displayText(texts.ENABLED_PROVIDERS!)}`
    );
  }
}

/**
 * A retention that would delete what is open: what waits, is retried, or still protects from a repeat (SPEC §10). Defaults
 * are not checked: they are for other defaults, and the state of each row is looked at too.
 */
function* shortRetention(text: string, { RETENTION, ...values }: Partial<Values>): Generator<string> {
  const { IDEMPOTENCY_TTL_HOURS, REPEAT_WINDOW_MS, NOTIFICATION_SCHEDULE, RECONCILIATION_SCHEDULE } = values;
  const keysMs = (IDEMPOTENCY_TTL_HOURS ?? 0) * HOUR_MS;
  const repeatsMs = REPEAT_WINDOW_MS ?? 0;
  const deliveryMs = sum(NOTIFICATION_SCHEDULE ?? []);
  const queriesMs = sum(RECONCILIATION_SCHEDULE ?? []);
  const limits: readonly [tables: readonly RetainedTable[], minMs: number, why: string][] = [
    [['operations'], keysMs, 'IDEMPOTENCY_TTL_HOURS: keys that are still valid'],
    [['operations'], repeatsMs, 'REPEAT_WINDOW_MS: operations that still refuse a repeat'],
    [['notifications'], deliveryMs, 'all of NOTIFICATION_SCHEDULE: notifications that are still retried'],
    [
      ['callbacks', 'queries', 'events', 'payments'],
      queriesMs,
      'all of RECONCILIATION_SCHEDULE: rows of open payments',
    ],
    [['payments'], SUMMARY_MS, 'the time that /admin/summary shows: payments that it counts'],
  ];
  for (const [tables, minMs, why] of limits) {
    for (const table of tables) {
      const periodMs = RETENTION?.[table];
      if (periodMs === undefined || periodMs >= minMs || !text.includes(table)) continue;
      yield (
        `RETENTION: ${table} must be at least ${durationText(Math.ceil(minMs / HOUR_MS) * HOUR_MS)}, ${why} would be deleted; ` +
        `got "${durationText(periodMs)}"`
      );
    }
  }
}

function sum(durationsMs: readonly number[]): number {
  return durationsMs.reduce((total, ms) => total + ms, 0);
}

/** Secrets that Tollgate verifies or signs with; those that it sends were issued by others (SPEC §6). */
function* weakSecrets(values: Partial<Values>): Generator<string> {
  for (const { name, secret } of values.API_KEYS ?? []) {
    const weakness = weaknessOf(secret.reveal());
    if (weakness) yield `API_KEYS: the secret of ${name} ${weakness} when NODE_ENV=production; got ***`;
  }
  for (const name of ['NOTIFICATION_SECRET', 'FINGERPRINT_KEY'] as const) {
    for (const secret of values[name] ?? []) {
      const weakness = weaknessOf(secret.reveal());
      if (weakness) yield `${name}: ${weakness} when NODE_ENV=production; got ***`;
    }
  }
}

/** `API_AUTH` where it is not set. */
export function defaultAuth(production: boolean): 'required' | 'optional' {
  return production ? 'required' : 'optional';
}
