import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openLedgerReader } from '../../src/persistence/ledger-reader.js';
import { databasePlaces, openTestDatabase, type TestDatabase } from '../../test/support/databases.js';
import { FeedConsumer, type Replica, replicaOn } from '../../test/support/feed-consumer.js';
import { retentionWith } from '../../test/support/retention-pass.js';
import { TestClock } from '../../test/support/test-clock.js';
import { fillLedger } from '../../test/scale/ledger-filler.js';
import { exportDays } from '../src/export/export.js';

const PAYMENTS = 1_200;
const DAY_MS = 86_400_000;
/** The last half of the payments, one a second, is of the second day. */
const UNTIL_MS = Date.UTC(2026, 0, 31, 0, 10);

const places = databasePlaces().filter(([name]) => name !== 'SQLite memory');

describe.each(places)('consumers of the feed, while archived payments are deleted on %s', (_name, place) => {
  let database: TestDatabase;
  let folder: string;
  let replica: Replica;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await openTestDatabase(place);
    folder = mkdtempSync(join(tmpdir(), 'tollgate-feed-'));
    await fillLedger(database.store, { payments: PAYMENTS, untilMs: UNTIL_MS });
    replica = await replicaOn(database.store);
    const ledger = await openLedgerReader(database.config);
    const today = Math.floor(UNTIL_MS / DAY_MS);
    const days = { folder, fromDay: today - 1, toDay: today + 1, now: () => UNTIL_MS + DAY_MS };
    for await (const { result } of exportDays(database.config, ledger, days)) expect(result).toBe('written');
    await ledger.close();
  });
  afterAll(async () => {
    await database.dispose();
    rmSync(folder, { recursive: true });
  });

  it('get each change once: one that has read all before, and one that the deletion overtakes', async () => {
    const [ahead, behind] = [new FeedConsumer(), new FeedConsumer()];
    const before = (await ahead.readAll(replica, { limit: 1_000 })).length;
    const open = await database.store.read((db) =>
      db
        .selectFrom('payments')
        .select(['id', 'external'])
        .where('state', '=', 'PENDING')
        .executeTakeFirstOrThrow(),
    );
    const clock = new TestClock(UNTIL_MS + 100 * DAY_MS);
    let changes = 0;
    const change = (): Promise<void> =>
      database.store.transaction(async (trx) => {
        const states = { before: String(changes), after: String((changes += 1)) };
        const event = { external: open.external, payment_ref: open.id, at: clock.now(), cause: null };
        await replica.events.append(trx, { ...event, ...states, source: 'call' });
      });
    const { retention, deleted } = retentionWith(database.store, clock, 'payments=40d');
    for (let more = true; more;) {
      const [step] = await Promise.all([
        retention.step(),
        change(),
        ahead.read(replica, { limit: 3 }),
        behind.read(replica, { limit: 10 }),
      ]);
      ({ more } = step);
    }
    expect(deleted.get('payments')).toBeGreaterThan(PAYMENTS * 0.9);
    await Promise.all([ahead.readAll(replica), behind.readAll(replica)]);

    const states = ahead.items.slice(before).map(({ data }) => data.state);
    expect(states).toEqual(Array.from({ length: changes }, (_, n) => String(n + 1)));
    // What is deleted before it is read is not in the feed; nothing else is missing, and nothing comes twice.
    expect(behind.items.length).toBeLessThan(ahead.items.length);
    const [all, late] = [ahead, behind].map(({ items }) => items.map(({ id }) => id));
    expect(new Set(all).size).toBe(all!.length);
    expect(late).toEqual(all!.filter((id) => late!.includes(id)));
    const stored = await database.store.read((db) => db.selectFrom('ledger_events').select('id').execute());
    expect(stored.filter(({ id }) => !late!.includes(id))).toEqual([]);
  });
});
