import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { problemLines, webhookSecret } from '../../test/support/config-problems.js';
import type { ConfigError } from './config-error.js';
import type { Config } from './config.js';
import type { Environment } from './environment.js';
import { loadConfig, readConfig } from './load-config.js';

const SECRET = webhookSecret();
const PRODUCTION = {
  NODE_ENV: 'production',
  EXTERNAL_PROVIDERS_CONFIG: '/etc/tollgate/externals.json',
  PAYMENT_CALLBACK_URL: 'https://shop.internal/payments',
  NOTIFICATION_SECRET: SECRET,
  API_KEYS: 'shop:hQ3vN8rT5wZ2yB7kM4pX9c',
  FINGERPRINT_KEY: '6f0c1d2be87a94513c7e0b8da2f6914e5d30c7b98f1a624ee9b0d7531c8af246',
  DATABASE_URL: 'sqlite:/var/lib/tollgate/tollgate.db',
};

const problemsOf = (env: Environment): string[] => problemLines(() => loadConfig(env));

describe('loadConfig', () => {
  it('needs nothing: the simulator, and the defaults of SPEC §6', () => {
    expect(loadConfig({})).toEqual({
      production: false,
      http: {
        port: 8080,
        host: '0.0.0.0',
        basePath: undefined,
        publicPaths: ['/', '/health', '/metrics', '/documentation', '/problems', '/console'],
        trustProxy: undefined,
        maxConnections: 10_000,
        operating: undefined,
      },
      logLevel: 'info',
      httpLogLevel: 'none',
      externals: { kind: 'simulator' },
      notifications: {
        receiverUrl: undefined,
        secrets: [],
        receivers: undefined,
        scheduleMs: [5, 30, 120, 600, 1_800, 3_600, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].map(
          (s) => s * 1_000,
        ),
        concurrency: 32,
      },
      subscriptions: { watchPeriodMs: 86_400_000 },
      reconciliation: {
        scheduleMs: [
          60,
          120,
          300,
          600,
          1_800,
          3_600,
          7_200,
          21_600,
          43_200,
          ...Array<number>(6).fill(86_400),
        ].map((s) => s * 1_000),
      },
      database: { kind: 'sqlite', path: './data/tollgate.db', logLimitBytes: 268_435_456 },
      recoveredFrom: undefined,
      callers: {
        auth: 'optional',
        keys: [],
        keysFile: undefined,
        production: false,
        oidc: undefined,
        rateLimit: undefined,
      },
      callbacks: { requireAuth: false },
      idempotencyTtlMs: 86_400_000,
      repeatWindowMs: 10_000,
      fingerprintKeys: [],
      retentionMs: {
        operations: 30 * 86_400_000,
        callbacks: 90 * 86_400_000,
        notifications: 90 * 86_400_000,
        queries: 90 * 86_400_000,
        events: undefined,
        payments: undefined,
      },
      upgradeFrom: undefined,
      workers: true,
      otlpEndpoint: undefined,
      egress: { allowHttpHosts: [], blockPrivateAddresses: false },
      console: { enabled: true, traceUrlTemplate: undefined, oidc: undefined },
    } satisfies Config);
  });

  it('reconciles for seven days at most', () => {
    const total = loadConfig({}).reconciliation.scheduleMs.reduce((sum, waitMs) => sum + waitMs, 0);
    expect(total).toBeGreaterThan(6 * 86_400_000);
    expect(total).toBeLessThanOrEqual(7 * 86_400_000);
  });

  it('is frozen to its leaves', () => {
    const config = loadConfig(PRODUCTION);
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.callers.keys[0]?.scopes)).toBe(true);
    expect(Object.isFrozen(config.notifications.scheduleMs)).toBe(true);
  });

  it('takes an empty or blank text for not set, and trims the others', () => {
    const config = loadConfig({ HTTP_PORT: '', LOG_LEVEL: '  ', API_KEYS: '', HTTP_HOST: ' ::1\r' });
    expect(config.http).toMatchObject({ port: 8080, host: '::1' });
    expect(config.logLevel).toBe('info');
  });

  it('leaves variables of others alone, also such as are named like properties of objects', () => {
    expect(problemsOf({ HTTP_PROT: 'x', __proto__: 'x', constructor: 'x', PATH: '/bin' })).toEqual([]);
  });

  it('reports all problems at once, one line each', () => {
    const env = { HTTP_PORT: 'a\nb', LOG_LEVEL: 'loud', WORKERS: 'maybe', OIDC_AUDIENCE: 'x', API_KEYS: 'x' };
    expect(problemsOf(env).map((line) => line.split(':')[0])).toEqual([
      'HTTP_PORT',
      'LOG_LEVEL',
      'WORKERS',
      'API_KEYS',
      'OIDC_ISSUER',
    ]);
  });
});

describe('in production', () => {
  it('starts with the five that it needs and a credential', () => {
    const config = loadConfig(PRODUCTION);
    expect(config.production).toBe(true);
    expect(config.callers.auth).toBe('required');
  });

  it('counts in any case', () => {
    expect(loadConfig({ ...PRODUCTION, NODE_ENV: 'Production' }).callers.auth).toBe('required');
  });

  it.each([
    'EXTERNAL_PROVIDERS_CONFIG',
    'PAYMENT_CALLBACK_URL',
    'NOTIFICATION_SECRET',
    'DATABASE_URL',
    'FINGERPRINT_KEY',
  ] as const)('does not start without %s', (name) => {
    const problems = problemsOf({ ...PRODUCTION, [name]: '' });
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name}: must be set .*; got nothing$`))]);
  });

  it('does not call a variable missing that is merely wrong', () => {
    expect(problemsOf({ ...PRODUCTION, NOTIFICATION_SECRET: 'whsec_x' })).toHaveLength(1);
  });

  it.each<[string, Environment]>([
    ['API_KEYS', { API_KEYS: PRODUCTION.API_KEYS }],
    ['API_KEYS_FILE', { API_KEYS_FILE: '/keys.json' }],
    ['OIDC', { OIDC_ISSUER: 'https://login.example.com/', OIDC_AUDIENCE: 'tollgate' }],
    ['API_AUTH=optional', { API_AUTH: 'optional' }],
    ['API_AUTH=none', { API_AUTH: 'none' }],
  ])('is content with %s', (_name, env) => {
    expect(problemsOf({ ...PRODUCTION, API_KEYS: undefined, ...env })).toEqual([]);
  });

  it('does not start without any credential, and says what to set', () => {
    const [problem, ...others] = problemsOf({ ...PRODUCTION, API_KEYS: undefined });
    expect(others).toEqual([]);
    expect(problem).toMatch(
      /^API_AUTH: "required".*API_KEYS, API_KEYS_FILE, or OIDC_ISSUER and OIDC_AUDIENCE/,
    );
  });

  it('requires credentials outside production too where API_AUTH=required', () => {
    expect(problemsOf({ API_AUTH: 'required' })).toEqual([
      expect.stringMatching(/^API_AUTH: "required" must/),
    ]);
    expect(problemsOf({ API_AUTH: 'required', API_KEYS: 'a:b' })).toEqual([]);
  });

  it('lets notifications travel in the clear to listed hosts only', () => {
    const env = { ...PRODUCTION, PAYMENT_CALLBACK_URL: 'http://SHOP.internal:8000/hook' };
    expect(problemsOf(env)).toEqual([expect.stringMatching(/^PAYMENT_CALLBACK_URL: must be an https URL/)]);
    expect(problemsOf({ ...env, ALLOW_HTTP_HOSTS: 'internal' })).toHaveLength(1);
    expect(problemsOf({ ...env, ALLOW_HTTP_HOSTS: 'other,shop.internal' })).toEqual([]);
  });
});

describe('the credentials of OIDC', () => {
  it('come in a pair', () => {
    expect(problemsOf({ OIDC_ISSUER: 'https://login.example.com' })).toEqual([
      'OIDC_AUDIENCE: must be set where OIDC_ISSUER is set; got nothing',
    ]);
    expect(problemsOf({ OIDC_AUDIENCE: 'tollgate' })).toEqual([
      'OIDC_ISSUER: must be set where OIDC_AUDIENCE is set; got nothing',
    ]);
  });

  it('keep the issuer letter by letter', () => {
    const env = { OIDC_ISSUER: 'https://login.example.com', OIDC_AUDIENCE: 'tollgate' };
    expect(loadConfig(env).callers.oidc).toEqual({
      issuer: 'https://login.example.com',
      audience: 'tollgate',
      scopeClaim: 'scope',
      externalsClaim: undefined,
      maxTokenAgeMs: 86_400_000,
      tokenType: undefined,
    });
  });
});

describe('a configuration that is printed', () => {
  it('shows no secret', () => {
    const config = loadConfig(PRODUCTION);
    const printed = inspect(config, { depth: 10 }) + JSON.stringify(config);
    expect(printed).not.toContain('s3cret');
    expect(printed).not.toContain(SECRET);
  });
});

describe('readConfig', () => {
  let folder: string;
  let file: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tollgate-config-'));
    file = join(folder, 'externals.json');
    const externals = [
      { externalService: 'acme', baseUrl: 'acme.internal', auth: { type: 'bearer', token: '${ACME_TOKEN}' } },
    ];
    writeFileSync(file, JSON.stringify({ externalServices: externals }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const placesOf = (env: Record<string, string>): readonly string[] => {
    try {
      readConfig(env);
      return [];
    } catch (error) {
      return (error as ConfigError).problems.map(
        (problem) => problem.replace(file, 'FILE').split(': ', 1)[0]!,
      );
    }
  };

  it('reports those of the receivers file besides', () => {
    const receivers = join(folder, 'receivers.json');
    writeFileSync(
      receivers,
      JSON.stringify({ receivers: [{ receiver: 'erp', url: 'http://erp.internal' }] }),
    );
    const env = { RECEIVERS_CONFIG: receivers, HTTP_PORT: '80a', ALLOW_HTTP_HOSTS: 'erp.internal' };
    expect(placesOf(env).map((place) => place.replace(receivers, 'RECEIVERS'))).toEqual([
      'HTTP_PORT',
      'RECEIVERS#/receivers/0/secret',
      'RECEIVERS#/receivers/0/events',
    ]);
  });

  it('reports the problems of environment and externals file at once', () => {
    const env = {
      EXTERNAL_PROVIDERS_CONFIG: file,
      HTTP_PORT: '80a',
      NODE_ENV: 'production',
      API_AUTH: 'none',
    };
    expect(placesOf(env)).toEqual([
      'HTTP_PORT',
      'PAYMENT_CALLBACK_URL',
      'NOTIFICATION_SECRET',
      'DATABASE_URL',
      'FINGERPRINT_KEY',
      'FILE#/externalServices/0/baseUrl',
      'FILE#/externalServices/0/auth/token',
      'FILE#/externalServices/0/callbackAuth',
    ]);
    expect(placesOf({ ...env, EXTERNAL_PROVIDERS_CONFIG: join(folder, 'none') })).toContain(
      `${folder}/none#`,
    );
  });

  it('does not read the file while the variables about it are not valid', () => {
    expect(placesOf({ EXTERNAL_PROVIDERS_CONFIG: file, ENABLED_PROVIDERS: 'Acme' })).toEqual([
      'ENABLED_PROVIDERS',
    ]);
  });

  it('names misspelt variables beside the problems that they cause', () => {
    const env = { NODE_ENV: 'production', PAYMENT_CALBACK_URL: 'https://shop.test' };
    expect(placesOf(env)).toEqual(expect.arrayContaining(['PAYMENT_CALLBACK_URL', 'PAYMENT_CALBACK_URL']));
  });

  it('does not read the file while the environment has no problem', () => {
    expect(readConfig({ EXTERNAL_PROVIDERS_CONFIG: file }).externals).toMatchObject({
      kind: 'file',
      path: file,
    });
  });
});
