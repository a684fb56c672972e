import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { openStore } from '../../src/persistence/open-store.js';
import {
  type JournalResult,
  StorageUnavailable,
  Store,
  UnusableDatabase,
} from '../../src/persistence/store.js';
import { Secret } from '../../src/sensitive/secret.js';
import { type Answer, call } from '../support/client.js';
import { certificateAuthority } from '../support/certificates.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { PostgresCluster, testsClusters } from '../support/postgres-cluster.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';
import { until } from '../support/until.js';

const ORDERS = 24;
const onCluster = testsClusters() ? describe : describe.skip;

onCluster('The settings of a PostgreSQL', () => {
  let cluster: PostgresCluster;
  let external: StubExternal;
  let databases = 0;
  let keys = 0;

  beforeAll(async () => {
    cluster = await PostgresCluster.start(`listen_addresses = '127.0.0.1, ::1'`);
    external = await startStubExternal();
    external.behave((arrived) => ({
      result: 'OK',
      paymentId: `pm-${(JSON.parse(arrived.body) as { shopTransactionId?: string }).shopTransactionId}`,
      metadata: { price: '€' },
    }));
    await cluster.query(`create role gateway login password 'p@ss/w:rd %?#€'`);
    await cluster.query('create role migrator login');
  }, 60_000);
  afterAll(async () => {
    await external.close();
    await cluster.dispose();
  });

  /** A database of its own, owned by `owner`. */
  const create = async (owner: string, encoding = 'UTF8'): Promise<string> => {
    const name = `settings_${(databases += 1)}`;
    await cluster.query(
      `create database ${name} owner ${owner} template template0 encoding '${encoding}' locale 'C'`,
    );
    return name;
  };
  const urlOf = (name: string, role = 'gateway'): string =>
    `postgres://${role}@127.0.0.1:${cluster.port}/${name}`;
  const inDatabase = (name: string, sql: string): Promise<object[]> => cluster.query(sql, name);
  const open = (url: string, schema?: string, waitMs = 20_000): Promise<Store> =>
    openStore({ kind: 'postgres', url: new Secret(url), poolSize: 2, schema, waitMs });
  const start = (url: string): Promise<Gateway> =>
    startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url }],
      database: { DATABASE_URL: url, DATABASE_POOL_SIZE: '4' },
    });
  const key = (): Record<string, string> => ({ 'idempotency-key': `key-${(keys += 1)}` });
  const pay = ({ url }: Gateway, order: string): Promise<Answer> =>
    call(`${url}/v3/acme/pay`, 'POST', { amount: 2, currency: 'EUR', shopTransactionId: order }, key());
  /** Payments side by side, in batches of the journal; one order twice, refunds. */
  const story = async (gateway: Gateway): Promise<void> => {
    const store = gateway.app.get(Store);
    const append = store.append.bind(store);
    const appended: JournalResult[] = [];
    store.append = async (entry) => {
      const result = await append(entry);
      appended.push(result);
      return result;
    };
    const orders = await Promise.all(Array.from({ length: ORDERS }, (_, n) => pay(gateway, `order-${n}`)));
    expect(orders.map(({ status }) => status)).toEqual(orders.map(() => 200));
    expect(appended).toEqual(Array.from({ length: 2 * ORDERS }, () => 'written'));
    const twice = await Promise.all([pay(gateway, 'twice'), pay(gateway, 'twice')]);
    expect(twice.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
    const refunds = await Promise.all(
      [1, 2].map(() =>
        call(
          `${gateway.url}/v3/acme/refund`,
          'POST',
          { amount: 1, currency: 'EUR', paymentId: 'pm-twice' },
          key(),
        ),
      ),
    );
    expect(refunds.map(({ status }) => status)).toEqual([200, 200]);
  };
  /** The line that an operator reads, and how long it took. */
  const refusal = async (opening: Promise<Store>): Promise<string> => {
    const startedAt = performance.now();
    const error = await opening.then(
      () => new Error('it was opened'),
      (reason: unknown) => reason as Error,
    );
    expect([UnusableDatabase, StorageUnavailable]).toContain(error.constructor);
    expect(error.message).not.toContain('\n');
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    return error.message;
  };

  it.each([
    ['default_transaction_isolation', 'serializable'],
    ['default_transaction_isolation', 'repeatable read'],
    ['default_transaction_deferrable', 'on'],
    ['statement_timeout', '50ms'],
    ['lock_timeout', '1ms'],
    ['idle_in_transaction_session_timeout', '1ms'],
    ['idle_session_timeout', '1ms'],
    ['search_path', 'elsewhere'],
    ['search_path', '"Else where"'],
    ['datestyle', 'SQL, DMY'],
    ['timezone', 'Asia/Kathmandu'],
    ['intervalstyle', 'sql_standard'],
    ['standard_conforming_strings', 'off'],
    ['bytea_output', 'escape'],
    ['extra_float_digits', '-15'],
    ['client_encoding', 'LATIN1'],
    ['synchronous_commit', 'off'],
    ['plan_cache_mode', 'force_generic_plan'],
    ['default_toast_compression', 'pglz'],
    ['role', 'gateway'],
  ])(
    'may say %s = %s',
    async (setting, value) => {
      const name = await create('gateway');
      await inDatabase(name, 'create schema elsewhere authorization gateway');
      await inDatabase(name, 'create schema "Else where" authorization gateway');
      const text = setting === 'search_path' ? value : `'${value}'`;
      await cluster.query(`alter role gateway in database ${name} set ${setting} = ${text}`);
      const gateway = await start(urlOf(name));
      try {
        await story(gateway);
        expect((await call(`${gateway.url}/health/ready`, 'GET')).status).toBe(200);
      } finally {
        await gateway.close();
      }
    },
    30_000,
  );

  it.each([
    ['off', 'on'],
    ['remote_apply', 'remote_apply'],
  ])('make no commit less durable with synchronous_commit = %s', async (given, used) => {
    const name = await create('gateway');
    await cluster.query(`alter role gateway in database ${name} set synchronous_commit = ${given}`);
    const store = await open(urlOf(name));
    try {
      const { rows } = await store.transaction((trx) =>
        sql<{ used: string }>`select current_setting('synchronous_commit') as used`.execute(trx),
      );
      expect(rows).toEqual([{ used }]);
    } finally {
      await store.close();
    }
  });

  it.each(['LATIN1', 'SQL_ASCII'])('are refused in one line with the encoding %s', async (encoding) => {
    const name = await create('gateway', encoding);
    expect(await refusal(open(urlOf(name)))).toMatch(
      new RegExp(`${name} has the encoding ${encoding}.*UTF8`),
    );
  });

  it('are refused in one line if the role may not create tables', async () => {
    const name = await create('migrator');
    expect(await refusal(open(urlOf(name)))).toMatch(
      /permission denied for schema public: .*npm run migrate/,
    );
  });

  it('may leave the role nothing but the rows of tables that another role has migrated', async () => {
    const name = await create('migrator');
    await (await open(urlOf(name, 'migrator'))).close();
    await inDatabase(name, 'grant select, insert, update, delete on all tables in schema public to gateway');
    const gateway = await start(urlOf(name));
    try {
      await story(gateway);
      expect((await call(`${gateway.url}/health/ready`, 'GET')).status).toBe(200);
    } finally {
      await gateway.close();
    }
  }, 30_000);

  it('are refused in one line if the role may not read the migrated tables', async () => {
    const name = await create('migrator');
    await (await open(urlOf(name, 'migrator'))).close();
    expect(await refusal(open(urlOf(name)))).toMatch(/permission denied for table .*grant/);
  });

  it('are refused in one line without a schema, a database or a login', async () => {
    const name = await create('migrator');
    expect(await refusal(open(urlOf(name), 'absent'))).toMatch(/permission denied for database/);
    await cluster.query(`alter role gateway in database ${name} set search_path = absent`);
    expect(await refusal(open(urlOf(name)))).toMatch(/search_path names no schema/);
    expect(await refusal(open(urlOf('absent')))).toMatch(/database "absent" does not exist/);
    expect(await refusal(open(urlOf(name, 'absent')))).toMatch(/role "absent" does not exist/);
    expect(await refusal(open(urlOf(name, 'pg_monitor')))).toMatch(/not permitted to log in/);
  });

  it('keep the schema of the start when the search_path of the role changes', async () => {
    const name = await create('gateway');
    const gateway = await start(urlOf(name));
    try {
      expect((await pay(gateway, 'before')).status).toBe(200);
      await inDatabase(name, 'create schema later authorization gateway');
      await (await open(urlOf(name), 'later')).close();
      await cluster.query(`alter role gateway in database ${name} set search_path = later`);
      await cluster.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tollgate'`,
      );
      expect((await pay(gateway, 'before')).body['code']).toBe('duplicate-payment');
    } finally {
      await gateway.close();
    }
  }, 30_000);

  it('may be read-only at the start: the gateway is not ready until they are not', async () => {
    const name = await create('gateway');
    const readOnly = (word: string): Promise<unknown> =>
      cluster.query(`alter database ${name} set default_transaction_read_only = ${word}`);
    await readOnly('on');
    expect(await refusal(open(urlOf(name), undefined, 0))).toMatch(/read-only transaction/);
    await readOnly('off');
    await (await open(urlOf(name))).close();
    await readOnly('on');
    const store = await open(urlOf(name));
    try {
      await expect(store.ping()).rejects.toThrow(/read-only/);
      await readOnly('off');
      await until(
        () =>
          store.ping().then(
            () => true,
            () => false,
          ),
        'the ping to succeed',
      );
    } finally {
      await store.close();
    }
  }, 30_000);

  describe('DATABASE_URL', () => {
    const password = encodeURIComponent('p@ss/w:rd %?#€');
    let name: string;
    beforeAll(async () => {
      name = await create('gateway');
      await inDatabase(name, 'create schema elsewhere authorization gateway');
      cluster.writeHba(
        'local all gateway scram-sha-256\nhost all gateway 127.0.0.1/32 scram-sha-256\nhost all gateway ::1/128 scram-sha-256\nhost all all 127.0.0.1/32 trust\n',
      );
      await cluster.query('select pg_reload_conf()');
    });
    afterAll(async () => {
      cluster.writeHba('host all all 127.0.0.1/32 trust\n');
      await cluster.query('select pg_reload_conf()');
    });

    it.each([
      [
        'a password that is percent-encoded',
        () => `postgres://gateway:${password}@127.0.0.1:${cluster.port}/${name}`,
      ],
      ['an IPv6 address', () => `postgres://gateway:${password}@[::1]:${cluster.port}/${name}`],
      [
        'a socket',
        () => `postgres://gateway:${password}@/${name}?host=${cluster.folder}&port=${cluster.port}`,
      ],
      [
        'a socket as an encoded host',
        () => `postgres://gateway:${password}@${encodeURIComponent(cluster.folder)}:${cluster.port}/${name}`,
      ],
      [
        'user and password as parameters',
        () => `postgres://127.0.0.1:${cluster.port}/${name}?user=gateway&password=${password}`,
      ],
      [
        'several hosts',
        () =>
          `postgres://gateway:${password}@127.0.0.1:1,127.0.0.1:${cluster.port}/${name}?options=-c%20work_mem%3D1MB`,
      ],
      [
        'options',
        () =>
          `postgres://gateway:${password}@127.0.0.1:${cluster.port}/${name}?options=-c%20search_path%3Delsewhere%20-c+work_mem%3D1MB`,
      ],
    ])(
      'may have %s',
      async (_, url) => {
        const gateway = await start(url());
        try {
          expect((await pay(gateway, `form-${randomUUID()}`)).status).toBe(200);
        } finally {
          await gateway.close();
        }
      },
      30_000,
    );

    it('keeps its options', async () => {
      const rows = await inDatabase(
        name,
        `select table_schema from information_schema.tables where table_name = 'payments' order by 1`,
      );
      expect(rows).toEqual([{ table_schema: 'elsewhere' }, { table_schema: 'public' }]);
    });
  });

  describe('TLS', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tollgate-tls-'));
    const authority = certificateAuthority('database');
    const file = (pem: string, fileName: string): string => {
      writeFileSync(join(folder, fileName), pem);
      return join(folder, fileName);
    };
    const root = file(authority.cert, 'root.pem');
    const otherRoot = file(certificateAuthority('other').cert, 'other.pem');
    let name: string;
    const sessionOf = async (parameters: string): Promise<string> => {
      const store = await open(`${urlOf(name)}?${parameters}`);
      try {
        const { rows } = await store.read((db) =>
          sql<{ ssl: boolean }>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(db),
        );
        return rows[0]!.ssl ? 'TLS' : 'plain';
      } finally {
        await store.close();
      }
    };
    beforeAll(async () => {
      name = await create('gateway');
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it('is refused in one line by a server without it', async () => {
      expect(await sessionOf('')).toBe('plain');
      for (const mode of ['prefer', 'require', 'verify-full', 'no-verify'])
        expect(await refusal(open(`${urlOf(name)}?sslmode=${mode}`))).toMatch(/does not support SSL/);
    });

    it('is used as sslmode says', async () => {
      const { cert, key } = authority.issue('postgres');
      await cluster.useTls(cert, key);
      expect(await sessionOf('')).toBe('plain');
      expect(await sessionOf('sslmode=disable')).toBe('plain');
      expect(await sessionOf('sslmode=no-verify')).toBe('TLS');
      for (const mode of ['prefer', 'require', 'verify-ca', 'verify-full']) {
        expect(await sessionOf(`sslmode=${mode}&sslrootcert=${root}`)).toBe('TLS');
        expect(await refusal(open(`${urlOf(name)}?sslmode=${mode}`))).toMatch(/certificate/);
      }
      const hosts = `host=127.0.0.1,localhost&port=1,${cluster.port}`;
      expect(await sessionOf(`${hosts}&sslmode=verify-full&sslrootcert=${root}`)).toBe('TLS');
      const same = `host=127.0.0.1,localhost&port=${cluster.port}`;
      expect(await refusal(open(`${urlOf(name)}?${same}&sslmode=verify-full`))).toMatch(
        /127\.0\.0\.1:\d+: .*certificate.*; localhost:\d+: .*certificate/,
      );
      expect(await refusal(open(`${urlOf(name)}?sslmode=verify-full&sslrootcert=${otherRoot}`))).toMatch(
        /certificate/,
      );
      expect(await refusal(open(`${urlOf(name)}?sslmode=verify-full&sslrootcert=/nope.pem`))).toMatch(
        /ENOENT.*nope/,
      );
    }, 60_000);
  });
});
