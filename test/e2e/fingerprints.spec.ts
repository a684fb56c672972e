import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { OperationRecovery } from '../../src/operations/operation.recovery.js';
import { Store } from '../../src/persistence/store.js';
import { canonicalJson } from '../../src/shared/json.js';
import { useAcme } from '../support/acme.js';
import { type Answer, call } from '../support/client.js';
import { postgresUrl } from '../support/databases.js';
import { fingerprintKey, type Gateway, type GatewayOptions } from '../support/gateway.js';
import { LogLines } from '../support/log-lines.js';
import { until } from '../support/until.js';

const onSqlite = postgresUrl() ? it.skip : it;
const onPostgres = postgresUrl() ? it : it.skip;
const DAY_MS = 86_400_000;
const WARNING = /is not the key that the ledger was last used with/;

describe('the fingerprints of requests', () => {
  const acme = useAcme();
  const start = (env: Record<string, string> = {}, options: Partial<GatewayOptions> = {}): Promise<Gateway> =>
    acme.start(
      {
        clock: acme.clock,
        ...options,
        ...(options.database && { database: { ...options.database, ...env } }),
        env,
      },
      { duplicatePayments: 'allow' },
    );

  const payment = (cvv: string): object => ({
    amount: 1_299,
    currency: 'EUR',
    shopTransactionId: 'order-1',
    providerData: { cvv },
  });
  const pay = (gateway: Gateway, body: object, key?: string): Promise<Answer> =>
    call(`${gateway.url}/v3/acme/pay`, 'POST', body, key === undefined ? {} : { 'idempotency-key': key });
  const said = ({ status, body, headers }: Answer): unknown[] => [
    status,
    body['code'] ?? headers.get('idempotency-replayed'),
    body['outcome'],
  ];
  const REPLAYED = [200, 'true', undefined];
  const REUSED = [422, 'idempotency-key-reused', 'not-executed'];
  const NOT_COMPARABLE = [409, 'idempotency-conflict', 'unknown'];

  /** Every text in every table: what a thief of the database has. */
  async function textsIn(gateway: Gateway): Promise<string[]> {
    const { kysely } = gateway.app.get(Store);
    const tables = await kysely.introspection.getTables();
    const rows = await Promise.all(
      tables.map(async ({ name, schema }) => {
        const table = schema === undefined ? sql.table(name) : sql.table(`${schema}.${name}`);
        const schemas = [undefined, gateway.database['DATABASE_SCHEMA']];
        if (!schemas.includes(schema)) return [];
        return (await sql<object>`select * from ${table}`.execute(kysely)).rows;
      }),
    );
    return rows.flat().flatMap((row) => Object.values(row).filter((value) => typeof value === 'string'));
  }

  /** Tries each text as a key, in any spelling, for each CVV: the CVV, if a text of the database is its hash. */
  function bruteForce(texts: readonly string[], moreKeys: readonly Buffer[] = []): string | undefined {
    const spellings = ['utf8', 'hex', 'base64', 'base64url'] as const;
    const keys = texts
      .filter((text) => text.length <= 128)
      .flatMap((text) => spellings.map((spelling) => Buffer.from(text, spelling)))
      .filter(({ length }) => length >= 6);
    const found = texts.join('\n');
    for (let cvv = 0; cvv < 1_000; cvv += 1) {
      const guess = String(cvv).padStart(3, '0');
      const content = canonicalJson(payment(guess));
      const hashes = [
        ...['md5', 'sha1', 'sha256', 'sha512'].map((name) => createHash(name).update(content)),
        ...[...keys, ...moreKeys].map((key) => createHmac('sha256', key).update(content)),
      ].map((hash) => hash.digest());
      if (hashes.some((hash) => spellings.slice(1).some((name) => found.includes(hash.toString(name)))))
        return guess;
    }
    return undefined;
  }

  it('do not give a CVV away to one who has the database alone, with and without an Idempotency-Key', async () => {
    const key = fingerprintKey();
    const gateway = await start({ FINGERPRINT_KEY: key });
    // In flight, so that the fingerprint of the one without a key is there.
    const held = Promise.withResolvers<void>();
    acme.external.behave(async ({ headers }) => {
      if (headers['x-request-id'] === 'held') await held.promise;
      return { result: 'OK', paymentId: `pm-${String(headers['x-request-id'])}` };
    });
    expect(said(await pay(gateway, payment('417'), 'the-key'))[0]).toBe(200);
    const running = call(`${gateway.url}/v3/acme/pay`, 'POST', payment('417'), { 'x-request-id': 'held' });
    await until(() => acme.external.requests.length === 2, 'the second payment to arrive');
    const texts = await textsIn(gateway);
    expect(texts).toContain('the-key');
    const fingerprints = texts.filter((text) => /^[\w-]{8}\.[\w-]{43}$/.test(text));
    expect(fingerprints).toHaveLength(2);
    expect(bruteForce(texts)).toBeUndefined();
    // The attack works for one who has the key too.
    expect(bruteForce(fingerprints, [Buffer.from(key, 'hex')])).toBe('417');
    held.resolve();
    await running;
  });

  it('go when the key of the operation expires, also where the caller sent none', async () => {
    const gateway = await start({ REPEAT_WINDOW_MS: '10000' });
    await pay(gateway, payment('417'), 'the-key');
    await pay(gateway, payment('418'));
    const count = async (): Promise<number> =>
      (await textsIn(gateway)).filter((text) => /^[\w-]{8}\.[\w-]{43}$/.test(text)).length;
    expect(await count()).toBe(2);
    acme.clock.advance(DAY_MS - 1);
    await gateway.app.get(OperationRecovery).turn();
    expect(await count()).toBe(2);
    acme.clock.advance(1);
    await gateway.app.get(OperationRecovery).turn();
    expect(await count()).toBe(0);
  });

  it('of the first release are verified by the stored key until they expire; then it is deleted', async () => {
    const first = await start();
    const stored = randomBytes(32);
    await pay(first, payment('417'), 'old');
    const fingerprint = createHmac('sha256', stored)
      .update(canonicalJson(payment('417')))
      .digest('base64url');
    const value = stored.toString('base64');
    await first.app.get(Store).transaction(async (trx) => {
      await trx.updateTable('operations').set({ fingerprint }).execute();
      await trx.insertInto('settings').values({ key: 'fingerprint-key', value }).execute();
    });
    await first.app.close();

    const gateway = await start({}, { database: first.database });
    const recovery = gateway.app.get(OperationRecovery);
    await recovery.turn();
    expect(said(await pay(gateway, payment('417'), 'old'))).toEqual(REPLAYED);
    expect(said(await pay(gateway, payment('418'), 'old'))).toEqual(REUSED);
    expect(await textsIn(gateway)).toContain(value);
    // As the first release stored it, the attack finds it.
    expect(bruteForce(await textsIn(gateway))).toBe('417');
    acme.clock.advance(DAY_MS);
    await recovery.turn();
    expect(bruteForce(await textsIn(gateway))).toBeUndefined();
    expect(await textsIn(gateway)).not.toContain(value);
    await gateway.app.close();
    if (postgresUrl()) return;
    const folder = dirname(gateway.database['DATABASE_URL']!.slice('sqlite:'.length));
    const files = readdirSync(folder).filter((name) => /\.db(-wal)?$/.test(name));
    expect(files).not.toEqual([]);
    for (const name of files) expect(readFileSync(join(folder, name), 'latin1')).not.toContain(value);
  });

  it('of an operation with a key are those of the first release while its replicas run (UPGRADE_FROM)', async () => {
    const gateway = await start({ UPGRADE_FROM: '0.1' });
    await pay(gateway, payment('417'), 'the-key');
    await pay(gateway, payment('417'));
    const rows = await gateway.app
      .get(Store)
      .read((db) =>
        db.selectFrom('operations').select(['fingerprint', 'key_held']).orderBy('key_held', 'desc').execute(),
      );
    const stored = await gateway.app
      .get(Store)
      .read((db) =>
        db
          .selectFrom('settings')
          .select('value')
          .where('key', '=', 'fingerprint-key')
          .executeTakeFirstOrThrow(),
      );
    const fingerprint = createHmac('sha256', Buffer.from(stored.value, 'base64'))
      .update(canonicalJson(payment('417')))
      .digest('base64url');
    expect(rows).toEqual([
      { fingerprint, key_held: 1 },
      { fingerprint: expect.stringContaining('.'), key_held: 0 },
    ]);
    expect(said(await pay(gateway, payment('417'), 'the-key'))).toEqual(REPLAYED);
    expect(said(await pay(gateway, payment('418'), 'the-key'))).toEqual(REUSED);
    acme.clock.advance(DAY_MS);
    await gateway.app.get(OperationRecovery).turn();
    expect(await textsIn(gateway)).toContain(stored.value);
    await pay(gateway, payment('417'), 'later');
    await gateway.app.close();

    const after = await start({}, { database: gateway.database });
    expect(said(await pay(after, payment('417'), 'later'))).toEqual(REPLAYED);
    acme.clock.advance(DAY_MS);
    await after.app.get(OperationRecovery).turn();
    expect(await textsIn(after)).not.toContain(stored.value);
  });

  it('are compared across a rotation of the key, one step at a time', async () => {
    const [old, next] = [fingerprintKey(), fingerprintKey()];
    const steps = [old, `${old} ${next}`, `${next} ${old}`, next];
    let database: Gateway['database'] | undefined;
    const logOutput = new LogLines();
    for (const [step, keys] of steps.entries()) {
      const env = { FINGERPRINT_KEY: keys, LOG_LEVEL: 'warn' };
      const gateway = await start(env, { logOutput, ...(database && { database }) });
      database = gateway.database;
      for (let earlier = Math.max(0, step - 1); earlier < step; earlier += 1) {
        expect(said(await pay(gateway, payment('417'), `key-${earlier}`))).toEqual(REPLAYED);
        expect(said(await pay(gateway, payment('418'), `key-${earlier}`))).toEqual(REUSED);
      }
      await pay(gateway, payment('417'), `key-${step}`);
      await gateway.app.close();
    }
    expect(acme.external.requests).toHaveLength(4);
    expect(logOutput.text).not.toMatch(WARNING);
  });

  it('by another key are reported at the start, and make no repeat a different request', async () => {
    const first = await start({ FINGERPRINT_KEY: fingerprintKey() });
    await pay(first, payment('417'), 'the-key');
    await first.app.close();
    const logOutput = new LogLines();
    const env = { FINGERPRINT_KEY: fingerprintKey(), LOG_LEVEL: 'warn' };
    const second = await start(env, { database: first.database, logOutput });
    const warnings = logOutput.lines().filter(({ msg }) => WARNING.test(msg));
    expect(warnings).toHaveLength(1);
    expect(said(await pay(second, payment('417'), 'the-key'))).toEqual(NOT_COMPARABLE);
    expect(said(await pay(second, payment('418'), 'the-key'))).toEqual(NOT_COMPARABLE);
    expect(acme.external.requests).toHaveLength(1);
    // What is stored about the key is no text of the key.
    for (const text of await textsIn(second)) expect(env.FINGERPRINT_KEY).not.toContain(text || ' ');
  });

  it('by the other key of a rotation refuse a repeat without an Idempotency-Key', async () => {
    const [old, next] = [fingerprintKey(), fingerprintKey()];
    const before = await start({ FINGERPRINT_KEY: `${old} ${next}` });
    const refund = { amount: 100, currency: 'EUR', paymentId: 'pm' };
    expect((await call(`${before.url}/v3/acme/refund`, 'POST', refund)).status).toBe(200);
    await before.app.close();
    const after = await start({ FINGERPRINT_KEY: `${next} ${old}` }, { database: before.database });
    const repeat = await call(`${after.url}/v3/acme/refund`, 'POST', refund);
    expect(said(repeat)).toEqual([409, 'repeated-without-key', 'unknown']);
    acme.clock.advance(10_001);
    expect((await call(`${after.url}/v3/acme/refund`, 'POST', refund)).status).toBe(200);
  });

  onPostgres('of replicas at both steps of a rotation execute identical refunds once', async () => {
    const [old, next] = [fingerprintKey(), fingerprintKey()];
    const one = await start({ FINGERPRINT_KEY: `${old} ${next}` });
    const other = await start({ FINGERPRINT_KEY: `${next} ${old}` }, { database: one.database });
    for (let round = 1; round <= 10; round += 1) {
      const refund = { amount: round, currency: 'EUR', paymentId: 'pm' };
      const answers = await Promise.all(
        [one, other, one, other].map(({ url }) => call(`${url}/v3/acme/refund`, 'POST', refund)),
      );
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409, 409]);
      expect(acme.external.requests).toHaveLength(round);
    }
  });

  onSqlite('have their key in a file beside the ledger in development, for its owner alone', async () => {
    const first = await start();
    await pay(first, payment('417'), 'the-key');
    await first.app.close();
    const path = `${first.database['DATABASE_URL']!.slice('sqlite:'.length)}.fingerprint-key`;
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
    const second = await start({}, { database: first.database });
    expect(said(await pay(second, payment('417'), 'the-key'))).toEqual(REPLAYED);
    expect(readdirSync(dirname(path)).filter((name) => name.includes('fingerprint-key'))).toHaveLength(1);
  });
});
