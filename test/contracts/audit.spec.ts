import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { AUDIT_LIST, type AuditQuery } from '../../src/admin/audit/audit.list.js';
import { AuditLog } from '../../src/audit/audit.log.js';
import type { AuditEntryRow } from '../../src/audit/audit.table.js';
import { eachDatabase, type TestDatabase } from '../support/databases.js';
import { OPS } from '../support/operators.js';
import { costlySteps, gatherStatistics, plansOf } from '../support/query-plans.js';
import { TestClock } from '../support/test-clock.js';
import { keysetOf, pageOf } from '../../src/admin/lists/keyset.js';

const START_MS = Date.UTC(2026, 0, 31, 12);
const payment = (n: number): string => `pay_0199f2a4-c7d1-7b3e-8f5a-${n.toString(16).padStart(12, '0')}`;

eachDatabase((_name, open) => {
  let database: TestDatabase;
  let clock: TestClock;
  let audit: AuditLog;

  beforeAll(async () => {
    database = await open();
    clock = new TestClock(START_MS);
    audit = new AuditLog(database.store, clock);
  });
  afterAll(() => database.dispose());

  const rows = (): Promise<AuditEntryRow[]> =>
    database.store.read((db) => db.selectFrom('audit_entries').selectAll().orderBy('id').execute());
  const act = (n: number, name = 'ops', action = 'resolvePayment'): Promise<void> =>
    database.store.transaction((trx) =>
      audit.append(trx, { ...OPS, name, action }, { subject: payment(n), external: 'acme', reason: 'why' }),
    );

  it('stores an act with its transaction or not at all', async () => {
    const failed = database.store.transaction(async (trx) => {
      await audit.append(trx, OPS, { subject: payment(0) });
      throw new Error('the act failed');
    });
    await expect(failed).rejects.toThrow('the act failed');
    expect(await rows()).toEqual([]);
  });

  it('stores who, what, from where, when and why, without card numbers', async () => {
    await database.store.transaction((trx) =>
      audit.append(trx, OPS, {
        subject: payment(1),
        external: 'acme',
        change: 'UNKNOWN → FAILED',
        reason: 'the payer of 4111111111111111 called',
      }),
    );
    const [entry] = await rows();
    expect(entry).toMatchObject({
      at: START_MS,
      operator: 'ops',
      action: 'replayNotification',
      result: 'done',
      subject: payment(1),
      external: 'acme',
      change: 'UNKNOWN → FAILED',
      address: '127.0.0.1',
      request_id: 'req-ops',
    });
    expect(entry!.reason).not.toContain('4111111111111111');
    expect(entry!.reason).toContain('called');
  });

  describe('the database refuses', () => {
    it.each<[string, string]>([
      ['to change an entry', `update audit_entries set reason = 'other'`],
      ['to change nothing but the same', `update audit_entries set operator = operator`],
      ['to delete an entry', `delete from audit_entries`],
      [
        'to put another in its place',
        `insert into audit_entries select id, at, 'other', action, result, subject, external, change, reason, address, request_id, traceparent from audit_entries
         on conflict (id) do update set operator = 'other'`,
      ],
    ])('%s', async (_what, statement) => {
      const before = await rows();
      expect(before.length).toBeGreaterThan(0);
      // SQLite needs a condition to tell the conflict clause from a join.
      const text = statement.replace('from audit_entries\n', 'from audit_entries where true\n');
      const changed = database.store.transaction((trx) => sql.raw(text).execute(trx));
      await expect(changed).rejects.toThrow(/append-only/);
      expect(await rows()).toEqual(before);
    });

    it('to replace or to empty the table', async () => {
      const before = await rows();
      const statement =
        database.store.dialect === 'sqlite'
          ? `insert or replace into audit_entries select id, 0, 'x', action, result, subject, external, change, reason, address, request_id, traceparent from audit_entries`
          : `truncate audit_entries`;
      const changed = database.store.transaction((trx) => sql.raw(statement).execute(trx));
      await expect(changed).rejects.toThrow(/append-only/);
      expect(await rows()).toEqual(before);
    });
  });

  it('records ten refusals of an operator in a minute, and no id that is none', async () => {
    const refused = async (): Promise<number> =>
      (await rows()).filter(({ result }) => result === 'refused').length;
    for (let i = 0; i < 30; i += 1) await audit.refused({ ...OPS, name: 'jane' }, payment(i));
    expect(await refused()).toBe(10);
    await audit.refused({ ...OPS, name: 'joe' }, `pay_'; drop table payments`);
    expect(await refused()).toBe(11);
    expect((await rows()).find(({ operator }) => operator === 'joe')).toMatchObject({ subject: null });
    clock.advance(60_000);
    await audit.refused({ ...OPS, name: 'jane' }, undefined);
    expect(await refused()).toBe(12);
  });

  describe('the list', () => {
    beforeAll(async () => {
      for (let n = 0; n < 400; n += 1) {
        clock.advance(1_000);
        await act(n % 40, n % 3 === 0 ? 'ann' : 'bob', n % 2 === 0 ? 'resolvePayment' : 'checkPaymentById');
      }
      await gatherStatistics(database.store);
    });

    it.each<AuditQuery>([
      {},
      { operator: 'ann' },
      { subject: payment(7) },
      { action: 'checkPaymentById' },
      { result: 'refused' },
      { operator: 'bob', action: 'resolvePayment', from: START_MS + 160_000, to: START_MS + 300_000 },
    ])('answers %j from an index and pages through all entries', async (filter) => {
      const found: string[] = [];
      let query: AuditQuery = { ...filter, limit: 30 };
      for (;;) {
        const { result, plans } = await plansOf(database.store, (db) =>
          AUDIT_LIST.newest(db, query, keysetOf('audit_entries', 'aud', query)),
        );
        for (const plan of plans) expect([plan.sql, costlySteps(plan)]).toEqual([plan.sql, []]);
        found.push(...result.rows.map(({ id }) => id));
        const { nextCursor } = pageOf('audit_entries', query, [], result.next);
        if (nextCursor === null) break;
        query = { ...query, cursor: nextCursor };
      }
      const expected = (await rows())
        .filter(
          ({ operator, subject, action, result, at }) =>
            (filter.operator ?? operator) === operator &&
            (filter.subject ?? subject) === subject &&
            (filter.action ?? action) === action &&
            (filter.result ?? result) === result &&
            at >= (filter.from ?? 0) &&
            at < (filter.to ?? Infinity),
        )
        .map(({ id }) => id)
        .toReversed();
      expect(found).toEqual(expected);
      expect(found).not.toEqual([]);
    });
  });
});
