import { Client } from 'pg';
import { type BenchDatabase, POSTGRES_URL } from './databases.js';
import { PostgresServer } from './postgres-server.js';

const CLIENTS = 32;
/** Until plans and caches are warm. */
const WARM_UP_SECONDS = 2;

const TABLES = `
  create table plain_payments (id text primary key, order_id text, state text not null, amount bigint not null, updated_at bigint not null);
  create table plain_operations (id text primary key, payment text not null, key text not null unique, state text not null, outcome text);
  create table plain_notifications (id text primary key, payment text not null, payload text not null, next_attempt_at bigint)`;

/** What a payment takes without the journal: a transaction before the external is called, and one after it. */
async function pay(client: Client, id: string): Promise<void> {
  const nowMs = Date.now();
  await client.query('begin');
  await client.query({
    name: 'payment',
    text: `insert into plain_payments values ($1, $2, 'CREATED', 1099, $3)`,
    values: [id, `order-${id}`, nowMs],
  });
  await client.query({
    name: 'operation',
    text: `insert into plain_operations values ($1, $1, $2, 'RUNNING', null)`,
    values: [id, `key-${id}`],
  });
  await client.query('commit');
  await client.query('begin');
  await client.query({
    name: 'payment-ends',
    text: `update plain_payments set state = 'ACCEPTED', updated_at = $2 where id = $1 and state = 'CREATED'`,
    values: [id, nowMs],
  });
  await client.query({
    name: 'operation-ends',
    text: `update plain_operations set state = 'DONE', outcome = $2 where id = $1 and state = 'RUNNING'`,
    values: [id, JSON.stringify({ status: 'OK', paymentId: id })],
  });
  await client.query({
    name: 'notification',
    text: `insert into plain_notifications values ($1, $1, $2, $3)`,
    values: [id, JSON.stringify({ status: 'ACCEPTED', paymentId: id }), nowMs],
  });
  await client.query('commit');
}

/**
 * What one would write instead of the journal: two durable transactions for a payment (two inserts; two updates and an
 * insert), begin, statements and commit one after the other, 32 clients at a time, in three tables with the indexes that
 * they need at least.
 * @returns the CPU of all of PostgreSQL's processes for one payment, in microseconds
 */
export async function interactiveCpuMicros(database: BenchDatabase, seconds: number): Promise<number> {
  const server = await PostgresServer.connect(POSTGRES_URL);
  const clients = Array.from({ length: CLIENTS }, () => new Client({ connectionString: POSTGRES_URL }));
  let paid = 0;
  const payFor = async (lengthSeconds: number): Promise<void> => {
    const until = performance.now() + lengthSeconds * 1_000;
    await Promise.all(
      clients.map(async (client) => {
        while (performance.now() < until) await pay(client, String((paid += 1)));
      }),
    );
  };
  try {
    await Promise.all(
      clients.map(async (client) => {
        await client.connect();
        await client.query(`set search_path to ${database.env['DATABASE_SCHEMA']}`);
      }),
    );
    await clients[0]!.query(TABLES);
    await payFor(WARM_UP_SECONDS);
    const paidBefore = paid;
    const { cpuMs: cpuBeforeMs } = await server.usage();
    await payFor(seconds);
    const { cpuMs } = await server.usage();
    return ((cpuMs - cpuBeforeMs) * 1_000) / (paid - paidBefore);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
    await server.close();
  }
}
