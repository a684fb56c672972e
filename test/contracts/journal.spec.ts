import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { Client } from 'pg';
import { call } from '../support/client.js';
import {
  ConcurrentPayments,
  type Ended,
  NEIGHBOURS,
  newOrder,
  PAID,
} from '../support/concurrent-payments.js';
import { databasePlaces, postgresSchema, postgresUrl } from '../support/databases.js';
import { fingerprintKey } from '../support/gateway.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

function byCode(a: Ended, b: Ended): number {
  return (a.code ?? '').localeCompare(b.code ?? '');
}

for (const [name, place] of databasePlaces().filter(([each]) => each !== 'SQLite memory')) {
  describe(`Payments of one moment on ${name}`, () => {
    let payments: ConcurrentPayments;
    let dispose: () => Promise<void>;

    beforeAll(async () => {
      const database = await place();
      dispose = database.dispose;
      payments = await ConcurrentPayments.startAt(database);
    }, 30_000);
    afterAll(async () => {
      await payments.close();
      await dispose();
    });
    beforeEach(() => payments.clear());

    it('share their commits', async () => {
      const paid = Array.from({ length: 8 }, newOrder);
      expect(await Promise.all(paid.map((order) => payments.pay(order)))).toEqual(paid.map(() => PAID));
      expect(payments.commits[0]).toBe(8);
      expect(payments.commits.reduce((sum, entries) => sum + entries, 0)).toBe(16);
      for (const order of paid) await payments.expectPaid(order);
    });

    it('are refused one of two with the same order', async () => {
      const order = newOrder();
      const [ended, neighbours] = await Promise.all([
        Promise.all([payments.pay(order), payments.pay(order)]),
        payments.neighbours(),
      ]);
      expect(ended.toSorted(byCode)).toMatchObject([PAID, { code: 'duplicate-payment' }]);
      expect(neighbours).toEqual(neighbours.map(() => PAID));
      await payments.expectPaid(order);
    });

    it('are answered from what holds their key', async () => {
      const [first, other, fresh] = [newOrder(), newOrder(), newOrder()];
      expect(await payments.pay(first, 'held')).toEqual(PAID);
      const release = payments.hold(fresh);
      const twice = [payments.pay(fresh, 'twice'), payments.pay(fresh, 'twice')];
      const [[repeat, reused], neighbours] = await Promise.all([
        Promise.all([payments.pay(first, 'held'), payments.pay(other, 'held')]),
        payments.neighbours(),
      ]);
      expect(await Promise.race(twice)).toMatchObject({ code: 'idempotency-conflict', outcome: 'unknown' });
      release();
      expect((await Promise.all(twice)).filter(({ status }) => status === 200)).toEqual([PAID]);
      expect(repeat).toEqual({ ...PAID, replayed: true });
      expect(reused).toMatchObject({ code: 'idempotency-key-reused', outcome: 'not-executed' });
      expect(neighbours).toEqual(neighbours.map(() => PAID));
      await payments.expectPaid(first);
      await payments.expectPaid(fresh);
      expect(await payments.rows(other)).toEqual([]);
    });

    it('are refused one of two without a key', async () => {
      const order = newOrder();
      const release = payments.hold(order);
      const both = [payments.pay(order, null), payments.pay(order, null)];
      const neighbours = await payments.neighbours();
      expect(await Promise.race(both)).toMatchObject({ outcome: 'unknown' });
      release();
      expect((await Promise.all(both)).toSorted(byCode)).toMatchObject([
        PAID,
        { code: 'repeated-without-key' },
      ]);
      expect(neighbours).toEqual(neighbours.map(() => PAID));
      await payments.expectPaid(order);
    });

    it('end well where a callback came before the answer, and where another process has ended one', async () => {
      const [called, abandoned, ...others] = Array.from({ length: 6 }, newOrder);
      const release = payments.hold(called!, abandoned!, ...others);
      const all = [called!, abandoned!, ...others];
      const ends = Promise.all(all.map((order) => payments.pay(order)));
      await until(() => all.every((order) => payments.calls(order) === 1), 'the calls');
      const check = await call(`${payments.gateway.url}/v3/acme/check?paymentId=pm-${called!}`, 'GET');
      expect(check.body).toMatchObject({ status: 'ACCEPTED' });
      await payments.store.transaction((trx) =>
        sql`update operations set state = 'unknown', deadline_at = 0 where state = 'running' and payment_ref in
          (select id from payments where shop_transaction_id = ${abandoned!})`.execute(trx),
      );
      release();
      expect(await ends).toEqual(all.map(() => PAID));
      expect(await payments.rows(called!)).toEqual([['ACCEPTED', `pm-${called!}`, 'completed']]);
      expect(await payments.events(called!)).toEqual([['CREATED', 'ACCEPTED', 'check']]);
      for (const order of [abandoned!, ...others]) await payments.expectPaid(order);
    });
  });
}

// A pooler refuses the settings of its sessions.
if (postgresUrl() !== undefined && !process.env['TEST_POOLER']) {
  describe('A batch on PostgreSQL that comes to grief', () => {
    let proxy: TcpProxy;
    let schema: string;
    let payments: ConcurrentPayments;
    let other: Client;
    let dispose: () => Promise<void>;

    beforeAll(async () => {
      const url = new URL(postgresUrl()!);
      proxy = await new TcpProxy({ host: url.hostname, port: Number(url.port || 5432) }).open();
      const place = await postgresSchema();
      dispose = place.dispose;
      schema = (place.config as { schema: string }).schema;
      url.port = String(proxy.port);
      // A time limit that a test can wait for, and the isolation of a server whose default another program needs.
      url.searchParams.set(
        'options',
        '-c statement_timeout=1500 -c default_transaction_isolation=serializable',
      );
      payments = await ConcurrentPayments.start({
        DATABASE_URL: url.href.replaceAll('+', '%20'),
        DATABASE_SCHEMA: schema,
        FINGERPRINT_KEY: fingerprintKey(),
      });
      other = new Client({ connectionString: postgresUrl(), options: `-c search_path=${schema}` });
      await other.connect();
    }, 30_000);
    afterAll(async () => {
      await other.end();
      await payments.close();
      await dispose();
      await proxy.close();
    });
    beforeEach(() => payments.clear());

    const hold = (order: string): Promise<unknown> =>
      other.query(`select from payments where shop_transaction_id = '${order}' for update`);
    /** Starts payments whose answers wait, so that their ends share a batch. */
    async function started(orderCount: number): Promise<{ held: string[]; end: () => Promise<Ended[]> }> {
      const held = Array.from({ length: orderCount }, newOrder);
      const release = payments.hold(...held);
      const ends = Promise.all(held.map((order) => payments.pay(order)));
      await until(() => held.every((order) => payments.calls(order) === 1), 'the calls');
      return {
        held,
        end: () => {
          release();
          return ends;
        },
      };
    }
    /** Breaks the connection of the next batch once the server has it, from its begin to its commit. */
    function cutNextBatch(): Promise<void> {
      return new Promise((resolve) => {
        proxy.onRequest((bytes) => {
          if (!bytes.includes('enable_mergejoin')) return 'forward';
          proxy.onRequest(undefined);
          resolve();
          return 'cut';
        });
      });
    }

    it('waits for a row that another transaction holds no longer than the others can', async () => {
      const order = newOrder();
      await other.query('begin');
      await other.query(
        `insert into payments (id, external, origin, shop_transaction_id, state, duplicate_guard, created_at, updated_at, deadline_at)
         values ('pay_held', 'acme', 'pay', '${order}', 'CREATED', 1, 1, 1, 1)`,
      );
      const blocked = payments.pay(order);
      expect(await payments.neighbours()).toEqual(Array.from({ length: NEIGHBOURS }, () => PAID));
      expect(payments.calls(order)).toBe(0);
      await other.query('rollback');
      expect(await blocked).toEqual(PAID);
      await payments.expectPaid(order);
    });

    it('ends a deadlock with another transaction', async () => {
      const { held, end } = await started(4);
      await other.query('begin');
      await hold(held[3]!);
      const ends = end();
      // The batch has the rows before, and waits for the last; this waits for the batch.
      for (const order of held.slice(0, 3)) await hold(order);
      await other.query('rollback');
      expect(await ends).toEqual(held.map(() => PAID));
      for (const order of held) await payments.expectPaid(order);
    });

    it('is cut off at its commit, before the calls and after them', async () => {
      const begins = cutNextBatch();
      const { held, end } = await started(4);
      await begins;
      const ends = cutNextBatch();
      expect(await end()).toEqual(held.map(() => PAID));
      await ends;
      for (const order of held) await payments.expectPaid(order);
    });

    it('meets a time limit of the server in one of its rows', async () => {
      const { held, end } = await started(3);
      await other.query('begin');
      await hold(held[0]!);
      const ends = await end();
      expect(ends[0]).toMatchObject({ code: 'storage-unavailable', outcome: 'unknown' });
      expect(ends.slice(1)).toEqual([PAID, PAID]);
      await other.query('rollback');
      await until(
        async () => (await payments.rows(held[0]!)).flat().includes('ACCEPTED'),
        'the outcome to be stored',
      );
      for (const order of held) await payments.expectPaid(order);
    });

    it('is cancelled by an operator', async () => {
      const { held, end } = await started(3);
      await other.query('begin');
      await hold(held[0]!);
      const ends = end();
      await until(
        async () =>
          (
            await other.query(
              `select pg_cancel_backend(pid) from pg_locks where not granted and pid <> pg_backend_pid()`,
            )
          ).rowCount! > 0,
        'the batch to wait',
      );
      await other.query('rollback');
      expect((await ends).slice(1)).toEqual([PAID, PAID]);
      for (const order of held.slice(1)) await payments.expectPaid(order);
    });

    it('meets a row that changes while it waits for it', async () => {
      const { held, end } = await started(3);
      await other.query('begin');
      await other.query(`update payments set state = 'ACCEPTED' where shop_transaction_id = '${held[0]!}'`);
      const ends = end();
      await until(
        async () =>
          (await other.query(`select from pg_locks where not granted and pid <> pg_backend_pid()`))
            .rowCount! > 0,
        'the batch to wait',
      );
      await other.query('commit');
      expect(await ends).toEqual(held.map(() => PAID));
      expect(await payments.rows(held[0]!)).toEqual([['ACCEPTED', `pm-${held[0]!}`, 'completed']]);
      for (const order of held.slice(1)) await payments.expectPaid(order);
    });

    it('reserves refunds within the payment, one at a time', async () => {
      const order = newOrder();
      const another = newOrder();
      await Promise.all([order, another].map((each) => payments.pay(each)));
      payments.appended.length = 0;
      const refund = (of: string, amount: number, currency = 'EUR'): Promise<number> =>
        call(
          `${payments.gateway.url}/v3/acme/refund`,
          'POST',
          { amount, currency, paymentId: `pm-${of}` },
          { 'idempotency-key': randomUUID() },
        ).then(({ status }) => status);
      // 13 of 99 fit into 1299.
      const many = await Promise.all([
        ...Array.from({ length: 20 }, () => refund(order, 99)),
        refund(another, 1299),
      ]);
      expect(many.filter((status) => status === 200)).toHaveLength(14);
      expect(many.filter((status) => status === 422)).toHaveLength(7);
      expect(many.at(-1)).toBe(200);
      expect(await Promise.all([refund(order, 13), refund(order, 1, 'USD'), refund(another, 1)])).toEqual([
        422, 422, 422,
      ]);
      expect(payments.appended).toContain('written');
      const { rows } = await payments.store.read((db) =>
        sql<object>`select payments.refunded_minor, count(*) as refunds, sum(refunds.reserved) as reserved,
            min(refunds.origin) as origin, min(refunds.state) as state
          from refunds join payments on payments.id = refunds.payment_ref
          group by payments.id, payments.refunded_minor order by payments.refunded_minor`.execute(db),
      );
      expect(rows).toEqual([
        { refunded_minor: 1287, refunds: 13, reserved: 13, origin: 'call', state: 'OK' },
        { refunded_minor: 1299, refunds: 1, reserved: 1, origin: 'call', state: 'OK' },
      ]);
    });

    it('is written after a newer replica has added columns and indexes', async () => {
      await payments.neighbours();
      for (const table of ['operations', 'payments', 'ledger_events'])
        await other.query(`alter table ${table} add column later text default 'new'`);
      await other.query('create index later on operations (later)');
      payments.appended.length = 0;
      expect(await payments.neighbours()).toEqual(Array.from({ length: NEIGHBOURS }, () => PAID));
      expect(new Set(payments.appended)).toEqual(new Set(['written']));
    });

    it('is read committed whatever the default of the server', async () => {
      const paid = Array.from({ length: 20 }, newOrder);
      expect(await Promise.all(paid.map((order) => payments.pay(order)))).toEqual(paid.map(() => PAID));
      expect(payments.commits[0]).toBe(20);
      expect(payments.commits.reduce((sum, entries) => sum + entries, 0)).toBe(40);
    });
  });
}
