import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { problemLines } from '../../test/support/config-problems.js';
import type { Config } from './config.js';
import type { Environment } from './environment.js';
import { loadConfig } from './load-config.js';

const problemsOf = (env: Environment): string[] => problemLines(() => loadConfig(env));

describe('a variable', () => {
  it.each<[string, string, (config: Config) => unknown, unknown]>([
    ['HTTP_PORT', '0', (c) => c.http.port, 0],
    ['HTTP_PORT', '65535', (c) => c.http.port, 65_535],
    ['HTTP_HOST', 'localhost', (c) => c.http.host, 'localhost'],
    ['LOG_LEVEL', 'TRACE', (c) => c.logLevel, 'trace'],
    ['LOG_LEVEL', 'Fatal', (c) => c.logLevel, 'fatal'],
    ['HTTP_LOG_LEVEL', 'body', (c) => c.httpLogLevel, 'body'],
    [
      'PAYMENT_CALLBACK_URL',
      'http://localhost:9/x?y=1',
      (c) => c.notifications.receiverUrl,
      'http://localhost:9/x?y=1',
    ],
    ['NOTIFICATION_SCHEDULE', '200ms, 5s', (c) => c.notifications.scheduleMs, [200, 5_000]],
    ['NOTIFICATION_SCHEDULE', '1ms,30d', (c) => c.notifications.scheduleMs, [1, 2_592_000_000]],
    ['RECONCILIATION_SCHEDULE', '1s', (c) => c.reconciliation.scheduleMs, [1_000]],
    ['NOTIFICATION_CONCURRENCY', '1', (c) => c.notifications.concurrency, 1],
    ['IDEMPOTENCY_TTL_HOURS', '8760', (c) => c.idempotencyTtlMs, 8_760 * 3_600_000],
    ['REPEAT_WINDOW_MS', '0', (c) => c.repeatWindowMs, 0],
    ['WORKERS', 'off', (c) => c.workers, false],
    [
      'DATABASE_URL',
      'sqlite::memory:',
      (c) => c.database,
      { kind: 'sqlite', path: ':memory:', logLimitBytes: 256 * 1_024 ** 2 },
    ],
    [
      'DATABASE_URL',
      'sqlite:/var/lib/t.db',
      (c) => c.database,
      { kind: 'sqlite', path: '/var/lib/t.db', logLimitBytes: 256 * 1_024 ** 2 },
    ],
    [
      'WAL_LIMIT',
      '64MiB',
      (c) => c.database,
      { kind: 'sqlite', path: './data/tollgate.db', logLimitBytes: 64 * 1_024 ** 2 },
    ],
    ['API_AUTH', 'none', (c) => c.callers.auth, 'none'],
    ['API_KEYS_FILE', 'keys.json', (c) => c.callers.keysFile, 'keys.json'],
    ['RATE_LIMIT', '100/1s', (c) => c.callers.rateLimit, { requests: 100, windowMs: 1_000 }],
    ['RATE_LIMIT', '1000000/1h', (c) => c.callers.rateLimit, { requests: 1_000_000, windowMs: 3_600_000 }],
    ['MAX_CONNECTIONS', '1', (c) => c.http.maxConnections, 1],
    ['BASE_PATH', '/payments', (c) => c.http.basePath, '/payments'],
    ['BASE_PATH', '/a/b-c_d.e~f', (c) => c.http.basePath, '/a/b-c_d.e~f'],
    ['PUBLIC_PATHS', '/health', (c) => c.http.publicPaths, ['/health']],
    ['PUBLIC_PATHS', 'none', (c) => c.http.publicPaths, []],
    ['TRUST_PROXY', '1', (c) => c.http.trustProxy, 1],
    ['TRUST_PROXY', 'loopback, 10.0.0.0/8', (c) => c.http.trustProxy, 'loopback,10.0.0.0/8'],
    ['REQUIRE_CALLBACK_AUTH', 'true', (c) => c.callbacks.requireAuth, true],
    ['ALLOW_HTTP_HOSTS', 'Shop.internal, ::1', (c) => c.egress.allowHttpHosts, ['shop.internal', '[::1]']],
    ['BLOCK_PRIVATE_ADDRESSES', 'true', (c) => c.egress.blockPrivateAddresses, true],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://otel:4318', (c) => c.otlpEndpoint, 'http://otel:4318'],
    ['ENABLED_PROVIDERS', 'simulator', (c) => c.externals, { kind: 'simulator' }],
    [
      'EXTERNAL_PROVIDERS_CONFIG',
      'x.json',
      (c) => c.externals,
      { kind: 'file', path: 'x.json', enabled: undefined, requireCallbackAuth: false, production: false },
    ],
  ])('accepts %s=%s', (name, text, pick, expected) => {
    expect(pick(loadConfig({ [name]: text }))).toEqual(expected);
  });

  it.each([
    ['HTTP_PORT', '65536'],
    ['HTTP_PORT', '-1'],
    ['HTTP_PORT', '8080.5'],
    ['HTTP_PORT', '1e3'],
    ['HTTP_PORT', '0x50'],
    ['HTTP_HOST', 'a b'],
    ['LOG_LEVEL', 'verbose'],
    ['HTTP_LOG_LEVEL', 'all'],
    ['PAYMENT_CALLBACK_URL', 'ftp://shop.internal'],
    ['PAYMENT_CALLBACK_URL', '/relative'],
    ['PAYMENT_CALLBACK_URL', 'https://shop.internal/#fragment'],
    ['NOTIFICATION_SCHEDULE', '0s'],
    ['NOTIFICATION_SCHEDULE', '31d'],
    ['NOTIFICATION_SCHEDULE', '5s,'],
    ['NOTIFICATION_SCHEDULE', '5'],
    ['RECONCILIATION_SCHEDULE', Array(101).fill('1s').join(',')],
    ['NOTIFICATION_CONCURRENCY', '0'],
    ['NOTIFICATION_CONCURRENCY', '1025'],
    ['IDEMPOTENCY_TTL_HOURS', '0'],
    ['IDEMPOTENCY_TTL_HOURS', '8761'],
    ['WORKERS', 'true'],
    ['DATABASE_URL', 'sqlite:'],
    ['DATABASE_URL', 'sqlite://data/x.db'],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['DATABASE_URL', './data/x.db'],
    ['DATABASE_URL', 'postgres:db'],
    ['DATABASE_POOL_SIZE', '0'],
    ['DATABASE_SCHEMA', '1a'],
    ['DATABASE_SCHEMA', 'a"; drop'],
    ['DATABASE_SCHEMA', 'a'.repeat(64)],
    ['API_AUTH', 'Required'],
    ['RATE_LIMIT', '0/1s'],
    ['RATE_LIMIT', '1000001/1s'],
    ['RATE_LIMIT', '100/61m'],
    ['RATE_LIMIT', '100'],
    ['MAX_CONNECTIONS', '0'],
    ['BASE_PATH', 'payments'],
    ['BASE_PATH', '/payments/'],
    ['BASE_PATH', '/'],
    ['BASE_PATH', '//host'],
    ['BASE_PATH', '/a/../b'],
    ['BASE_PATH', '/a"><script>'],
    ['PUBLIC_PATHS', '/admin'],
    ['PUBLIC_PATHS', 'none,/health'],
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', '0'],
    ['TRUST_PROXY', '33'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['REQUIRE_CALLBACK_AUTH', 'yes'],
    ['ALLOW_HTTP_HOSTS', 'shop.internal:80'],
    ['ALLOW_HTTP_HOSTS', 'http://shop.internal'],
    ['BLOCK_PRIVATE_ADDRESSES', '1'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'otel:4318'],
    ['ENABLED_PROVIDERS', 'acme,'],
    ['ENABLED_PROVIDERS', 'acme,acme'],
    ['ENABLED_PROVIDERS', 'Acme'],
    ['ENABLED_PROVIDERS', 'acme'],
  ])('refuses %s=%s, naming variable, value and what is allowed', (name, text) => {
    const problems = problemsOf({ [name]: text });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name}: must be .+; got `));
    expect(problems[0]).toContain(JSON.stringify(text).slice(0, 100).replace(/"$/, ''));
  });
});

describe('DATABASE_URL', () => {
  it.each(['postgres', 'postgresql'])('may be %s, its address kept as a secret', (scheme) => {
    const url = `${scheme}://tollgate:hunter2@db:5432/payments`;
    const { database } = loadConfig({ DATABASE_URL: url, DATABASE_POOL_SIZE: '3', DATABASE_SCHEMA: 'blue' });
    expect(database).toMatchObject({ kind: 'postgres', poolSize: 3, schema: 'blue' });
    expect(database.kind === 'postgres' && database.url.reveal()).toBe(url);
    expect(inspect(database) + JSON.stringify(database)).not.toContain('hunter2');
  });

  it.each([
    'postgres://tollgate@/payments?host=/var/run/postgresql',
    'postgres://%2Fvar%2Frun%2Fpostgresql/payments',
    'postgres:///payments?host=/var/run/postgresql',
    'postgres://tollgate:p%40ss@[::1]:5432/payments?sslmode=verify-full',
    'postgres://one,two/payments',
    'postgresql://tollgate:hunter2@one:5432,[::1]:5433/payments?target_session_attrs=primary&load_balance_hosts=disable',
    'postgres://tollgate@/payments?host=one,/var/run/postgresql&port=5432,5433',
  ])('may be %s', (url) => {
    expect(loadConfig({ DATABASE_URL: url }).database.kind).toBe('postgres');
  });

  it.each([
    ['postgres://db/x?sslmode=requre', /\(sslmode is one of disable, /],
    ['postgres://one,two/x?port=1,2,3', /\(it names 3 ports for 2 hosts\)/],
    ['postgres://one/x?host=one,two&port=1,2,3', /\(it names 3 ports for 2 hosts\)/],
    ['postgres://one,,two/x', /\(one of its hosts has no name\)/],
    ['postgres://one:5432,two:x/x', /must be/],
    [
      'postgres://one,two/x?target_session_attrs=standby',
      /\(target_session_attrs is one of any, read-write, primary\)/,
    ],
    ['postgres://one,two/x?load_balance_hosts=random', /\(load_balance_hosts is disable\)/],
  ])('says what is wrong with %s', (url, reason) => {
    expect(problemsOf({ DATABASE_URL: url })).toEqual([expect.stringMatching(reason)]);
  });

  it.each([
    'mysql://root:hunter2@db/x',
    'postgres://root:hun/ter2@hunter2@db:x/x',
    'postgres://root:hunter2@one:5432,two:x/x',
    'postgres://root@one,two/x?target_session_attrs=standby&password=hunter2',
    'postgre://db/x?password=hunter2',
    'host=db password=hunter2',
  ])('is shown without its password: %s', (url) => {
    const [problem] = problemsOf({ DATABASE_URL: url });
    expect(problem).toMatch(/^DATABASE_URL: must be sqlite:PATH.*\*\*\*/);
    expect(problem).not.toContain('hunter2');
  });
});
