import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { PostgresCluster, testsClusters } from '../support/postgres-cluster.js';
import { answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { until } from '../support/until.js';

/** One of each class of PostgreSQL's appendix A that an error can have, and those that the store treats by their code. */
const SQLSTATES = (
  '03000 08006 08P01 09000 0A000 0B000 0F000 0L000 0P000 20000 21000 22001 22021 22P02 23502 23503 23505 23514 ' +
  '24000 25001 25006 25P02 26000 27000 28000 2B000 2D000 34000 38000 39000 3B000 3D000 3F000 40001 40P01 42501 ' +
  '42601 42703 42P01 42P05 44000 53100 53200 53300 54000 55000 55P03 57014 57P01 57P03 58030 72000 F0000 HV000 ' +
  'P0001 XX000 XX001'
).split(' ');
/** Each statement of a payment that writes: table, statement, and whether the external was called before. */
const STATEMENTS = [
  ['operations', 'insert', false],
  ['payments', 'insert', false],
  ['operations', 'update', true],
  ['payments', 'update', true],
  ['ledger_events', 'insert', true],
] as const;
const onCluster = testsClusters() ? describe : describe.skip;

onCluster('An error of PostgreSQL, of any class, at any statement of a payment', () => {
  let cluster: PostgresCluster;
  let external: StubExternal;
  let gateway: Gateway;
  let orders = 0;

  beforeAll(async () => {
    cluster = await PostgresCluster.start();
    external = await startStubExternal(answerOk);
    gateway = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url }],
      database: { DATABASE_URL: cluster.url, DATABASE_POOL_SIZE: '3' },
    });
    await cluster.query('create table fault (place text, state text)');
    await cluster.query(`create function fail() returns trigger language plpgsql as $$
      declare state text;
      begin
        select fault.state into state from fault where place = tg_table_name || ' ' || lower(tg_op);
        if state is not null then raise exception using errcode = state, message = 'provoked'; end if;
        return new;
      end $$`);
    for (const table of new Set(STATEMENTS.map(([name]) => name)))
      await cluster.query(
        `create trigger fail before insert or update on ${table} for each row execute function fail()`,
      );
  }, 60_000);
  afterAll(async () => {
    await gateway.close();
    await external.close();
    await cluster.dispose();
  });

  it.each(STATEMENTS)(
    'is told truthfully: %s, %s',
    async (table, statement, called) => {
      const wrong: unknown[] = [];
      for (const state of SQLSTATES) {
        await cluster.query(`insert into fault values ('${table} ${statement}', '${state}')`);
        external.requests.length = 0;
        const { status, body }: Answer = await call(`${gateway.url}/v3/acme/pay`, 'POST', {
          amount: 1,
          currency: 'EUR',
          shopTransactionId: `order-${(orders += 1)}`,
        });
        await cluster.query('delete from fault');
        const told = [status, body['code'], body['outcome'], external.requests.length];
        const right = [503, 'storage-unavailable', called ? 'unknown' : 'not-executed', called ? 1 : 0];
        if (String(told) !== String(right)) wrong.push([state, ...told]);
      }
      expect(wrong).toEqual([]);
      await until(
        async () => {
          const open = await cluster.query(
            `select id from payments where state not in ('ACCEPTED', 'FAILED') union all select id from operations where state = 'running'`,
          );
          return open.length === 0;
        },
        'every payment to have an end',
        30_000,
      );
    },
    90_000,
  );
});
