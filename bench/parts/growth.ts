import type { Config } from '../../src/config/config.js';
import { OrderKeyBackfill } from '../../src/payments/order-key.backfill.js';
import { openStore } from '../../src/persistence/open-store.js';
import type { Store } from '../../src/persistence/store.js';
import { fillLedger } from '../../test/scale/ledger-filler.js';
import { warmUpOf } from '../bench-run.js';
import { compare, rowNamed } from '../compare.js';
import { type BenchDatabase, postgresDatabase, postgresVersion, sqliteDatabase } from '../databases.js';
import { diskLine } from '../disk.js';
import { type Part, say } from '../part.js';
import { table, whole } from '../report/markdown.js';
import { tollgate } from '../servers.js';
import { ROUTES } from '../window-table.js';

const FIRST_PORT = 18_110;
const SMALL = 10_000;
const OPERATIONS = ['pay', 'status'] as const;
const CONNECTIONS = 32;

/** The same load on a ledger of 10,000 payments and on one of a million, on both databases. */
export const growth: Part = async (
  run,
  { rounds = 3, seconds = 4, warmUpSeconds = 16, count = 1_000_000 },
) => {
  const version = await postgresVersion();
  const sizes = [SMALL, count];
  const databases: { readonly name: string; readonly size: number; readonly database: BenchDatabase }[] = [];
  try {
    for (const size of sizes) {
      const name = `SQLite, ${whole(size)}`;
      databases.push({ name, size, database: await sqliteDatabase(run.subfolder(name)) });
    }
    if (version !== undefined) {
      for (const size of sizes)
        databases.push({ name: `PostgreSQL, ${whole(size)}`, size, database: await postgresDatabase() });
    }
    for (const { name, size, database } of databases) {
      const startedAt = performance.now();
      const store = await openStore(database.config);
      await fillLedger(store, { payments: size, untilMs: Date.now() });
      await leaveNothingToDo(store);
      await store.close();
      await database.settle();
      say(`${name} payments written in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
    }
    const rows = await compare(run, {
      servers: databases.map(({ name, database }, index) =>
        tollgate(run.subfolder(name), { name, port: FIRST_PORT + index, env: database.env }),
      ),
      operations: OPERATIONS,
      connections: [CONNECTIONS],
      rounds,
      seconds,
      warmUp: warmUpOf(warmUpSeconds),
    });
    return {
      markdown: [
        `The same load on ledgers of ${sizes.map(whole).join(' and ')} payments with what belongs to them, ${CONNECTIONS} connections, medians of ${rounds} rounds in turns.`,
        table(
          [
            'payments in the ledger',
            ...OPERATIONS.flatMap((operation) => [`${ROUTES[operation]} CPU µs`, 'p50 ms', 'p99 ms']),
          ],
          databases.map(({ name }) => [
            name,
            ...OPERATIONS.flatMap((operation) => {
              const row = rowNamed(rows, name, { operation, connections: CONNECTIONS });
              return [row.cpuMicros.toFixed(0), row.p50.toFixed(2), row.p99.toFixed(2)];
            }),
          ]),
        ),
        diskLine(run.folder),
      ].join('\n\n'),
      targets: [],
    };
  } finally {
    for (const { database } of databases) await database.dispose();
  }
};

/** To the workers: the larger ledger has more that is due, and its orders are compared as if the first release had written them. */
async function leaveNothingToDo(store: Store): Promise<void> {
  await store.transaction(async (trx) => {
    for (const table of ['payments', 'refunds', 'subscriptions'] as const)
      await trx.updateTable(table).set({ next_ask_at: null }).where('next_ask_at', 'is not', null).execute();
    await trx
      .updateTable('notifications')
      .set({ next_attempt_at: null })
      .where('next_attempt_at', 'is not', null)
      .execute();
  });
  const backfill = new OrderKeyBackfill(store, { workers: false } as Config);
  let isDone = false;
  while (!isDone) isDone = await backfill.examineBatch();
}
