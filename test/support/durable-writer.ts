/**
 * A process for tests to kill: opens the SQLite file of its first argument and commits as fast as it can, 20 transactions at
 * a time. It prints the key of each one on a line of its own once `transaction` has resolved, and not before.
 */
import { writeSync } from 'node:fs';
import { SqliteStore } from '../../src/persistence/sqlite/sqlite.store.js';

const PAYERS = 20;

const { store } = await SqliteStore.open(process.argv[2]!);
writeSync(1, 'open\n');

async function payForever(payer: number): Promise<never> {
  for (let i = 0; ; i++) {
    const key = `${payer}.${i}`;
    await store.transaction((trx) =>
      trx
        .insertInto('settings')
        .values({ key, value: 'x'.repeat(200) })
        .execute(),
    );
    writeSync(1, `${key}\n`);
  }
}

await Promise.all(Array.from({ length: PAYERS }, (_, payer) => payForever(payer)));
