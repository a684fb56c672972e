import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { Client } from 'pg';
import type { Answer } from '../support/client.js';
import { ConcurrentPayments, newOrder, PAID } from '../support/concurrent-payments.js';
import { databasePlaces, postgresUrl } from '../support/databases.js';
import { until } from '../support/until.js';

const MONTHLY = { interval: 'MONTH', intervalCount: 1 };
/** No answer of the contract: the outcome is unknown. */
const UNREADABLE = { result: 'PERHAPS' };

type Request = () => Promise<Answer>;

for (const [name, place] of databasePlaces().filter(([each]) => each !== 'SQLite memory')) {
  describe(`Operations that end together on ${name}`, () => {
    let payments: ConcurrentPayments;
    let dispose: () => Promise<void>;
    let schema: string | undefined;

    beforeAll(async () => {
      const database = await place();
      dispose = database.dispose;
      schema = database.config.kind === 'postgres' ? database.config.schema : undefined;
      payments = await ConcurrentPayments.startAt(database, { cancel: true });
    }, 30_000);
    afterAll(async () => {
      await payments.close();
      await dispose();
    });
    beforeEach(() => payments.clear());

    /** New payments, to each of which the external answers `result`. */
    async function pay(orders: readonly string[], result = 'OK'): Promise<void> {
      for (const order of orders) payments.answer(order, { result, paymentId: `pm-${order}` });
      expect(await Promise.all(orders.map((order) => payments.pay(order)))).toEqual(orders.map(() => PAID));
    }

    /** Sends requests whose answers wait for each other, so that their ends share a batch. */
    async function together(requests: Readonly<Record<string, Request>>): Promise<Answer[]> {
      const called = payments.external.requests.length;
      const names = Object.keys(requests);
      const release = payments.hold(...names);
      const answers = Promise.all(Object.values(requests).map((request) => request()));
      await until(() => payments.external.requests.length - called === names.length, 'the calls');
      payments.clear();
      payments.gather(names.length);
      release();
      return answers;
    }

    /** Of `entries` that shared a batch, so many were written; on SQLite there are none. */
    const expectWritten = (written: number, entries = written): void => {
      if (!payments.store.journals) return;
      expect(payments.appended.filter((result) => result === 'written')).toHaveLength(written);
      expect(payments.appended).toHaveLength(entries);
      expect(payments.commits[0]).toBe(written);
    };

    const refund =
      (order: string, amount = 99): Request =>
      () =>
        payments.send('refund', { amount, currency: 'EUR', paymentId: `pm-${order}` });
    /** Refunds of these orders at the same moment, to which the external gives these answers. */
    const refunded = (answers: Readonly<Record<string, object>>): Promise<Answer[]> => {
      for (const [order, answer] of Object.entries(answers)) payments.answer(`pm-${order}`, answer);
      return together(
        Object.fromEntries(Object.keys(answers).map((order) => [`pm-${order}`, refund(order)])),
      );
    };
    const refundOf = async (order: string): Promise<unknown[]> => {
      const rows = await payments.query<Record<string, unknown>>(
        sql`select refunds.state, refunds.reserved, payments.refunded_minor, refunds.external_refund_id,
            case when refunds.refund_id = refunds.id then 'own' else refunds.refund_id end as given
          from refunds join payments on payments.id = refunds.payment_ref
          where payments.shop_transaction_id = ${order}`,
      );
      return rows.map((row) => Object.values(row));
    };
    const changes = async (column: 'payment_ref' | 'refund_ref' | 'subscription_ref', order: string) => {
      const rows = await payments.query<Record<string, unknown>>(
        sql`select event.before, event.after, event.source from ledger_events event
          left join payments on payments.id = event.payment_ref
          left join subscriptions on subscriptions.id = event.subscription_ref
          where event.${sql.ref(column)} is not null
            and ${order} in (payments.shop_transaction_id, subscriptions.shop_transaction_id)
          order by event.id`,
      );
      return rows.map((row) => Object.values(row));
    };
    const OWN: unknown = expect.stringMatching(/^ref_/);

    it('settle refunds as their external answers', async () => {
      const orders = [newOrder(), newOrder(), newOrder(), newOrder(), newOrder()] as const;
      const [named, declined, pending, unnamed, unknown] = orders;
      await pay(orders);
      const answers = await refunded({
        [named]: { result: 'OK', refundId: 're-1' },
        [declined]: { result: 'KO' },
        [pending]: { result: 'PENDING' },
        [unnamed]: { result: 'OK' },
        [unknown]: UNREADABLE,
      });
      expectWritten(5);
      expect(answers.map(({ status, body }) => [status, body['result'], body['refundId']])).toEqual([
        [200, 'OK', 're-1'],
        [200, 'KO', OWN],
        [200, 'PENDING', OWN],
        [200, 'OK', OWN],
        [502, undefined, OWN],
      ]);
      expect(await refundOf(named)).toEqual([['OK', 1, 99, 're-1', 're-1']]);
      expect(await refundOf(declined)).toEqual([['KO', 0, 0, null, 'own']]);
      expect(await refundOf(pending)).toEqual([['PENDING', 1, 99, null, 'own']]);
      expect(await refundOf(unnamed)).toEqual([['OK', 1, 99, null, 'own']]);
      expect(await refundOf(unknown)).toEqual([['UNKNOWN', 1, 99, null, 'own']]);
      expect(await changes('refund_ref', named)).toEqual([['PENDING', 'OK', 'call']]);
      expect(await changes('refund_ref', declined)).toEqual([['PENDING', 'KO', 'call']]);
      expect(await changes('refund_ref', pending)).toEqual([]);
      expect(await changes('refund_ref', unknown)).toEqual([['PENDING', 'UNKNOWN', 'call']]);
    });

    it('release all refunds of one payment that are declined', async () => {
      const [order, other] = [newOrder(), newOrder()];
      await pay([order, other]);
      payments.answer(`pm-${order}`, { result: 'KO' });
      payments.answer(`pm-${other}`, { result: 'OK' });
      const release = payments.hold(`pm-${order}`, `pm-${other}`);
      const answers = Promise.all([refund(order, 100)(), refund(order, 200)(), refund(other)()]);
      await until(() => payments.calls(`pm-${order}`) === 2 && payments.calls(`pm-${other}`) === 1, 'calls');
      payments.clear();
      payments.gather(3);
      release();
      expect((await answers).map(({ body }) => body['result'])).toEqual(['KO', 'KO', 'OK']);
      expectWritten(3);
      expect(await refundOf(order)).toEqual([
        ['KO', 0, 0, null, 'own'],
        ['KO', 0, 0, null, 'own'],
      ]);
      expect(await refundOf(other)).toEqual([['OK', 1, 99, null, 'own']]);
    });

    it('leave the id of a refund to the refund that has it', async () => {
      const [first, second, third] = [newOrder(), newOrder(), newOrder()];
      await pay([first, second, third]);
      await refunded({ [first]: { result: 'OK', refundId: 're-taken' } });
      const answers = await refunded({
        [second]: { result: 'OK', refundId: 're-taken' },
        [third]: { result: 'OK', refundId: 're-free' },
      });
      expectWritten(1, 2);
      expect(answers.map(({ body }) => body['refundId'])).toEqual([OWN, 're-free']);
      expect(await refundOf(first)).toEqual([['OK', 1, 99, 're-taken', 're-taken']]);
      expect(await refundOf(second)).toEqual([['OK', 1, 99, null, 'own']]);
      expect(await refundOf(third)).toEqual([['OK', 1, 99, 're-free', 're-free']]);
    });

    it('give an id that two refunds of one moment are answered to one of them', async () => {
      const [first, second, third] = [newOrder(), newOrder(), newOrder()];
      await pay([first, second, third]);
      const answers = await refunded({
        [first]: { result: 'OK', refundId: 're-both' },
        [second]: { result: 'OK', refundId: 're-both' },
        [third]: { result: 'OK' },
      });
      const given = answers.map(({ body }) => body['refundId'] as string);
      expect(given.filter((id) => id === 're-both')).toHaveLength(1);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect([await refundOf(first), await refundOf(second)].flat()).toContainEqual([
        'OK',
        1,
        99,
        're-both',
        're-both',
      ]);
      expect(await refundOf(third)).toEqual([['OK', 1, 99, null, 'own']]);
    });

    const start = (order: string): Request => {
      const body = { amount: 1299, currency: 'EUR', shopTransactionId: order, subscriptionInfo: MONTHLY };
      return () => payments.send('subscription/schedule', body);
    };
    /** Subscriptions that begin at the same moment, to which the external gives these answers. */
    const started = (answers: Readonly<Record<string, object>>): Promise<Answer[]> => {
      for (const [order, answer] of Object.entries(answers)) payments.answer(order, answer);
      return together(Object.fromEntries(Object.keys(answers).map((order) => [order, start(order)])));
    };
    const subscriptionOf = async (order: string): Promise<unknown[]> => {
      const rows = await payments.query<Record<string, unknown>>(
        sql`select subscriptions.token, subscriptions.state, payments.state as payment, payments.payment_id,
            operations.state as operation, subscriptions.claimed_token
          from subscriptions join operations on operations.subscription_ref = subscriptions.id
          join payments on payments.id = operations.payment_ref
          where subscriptions.shop_transaction_id = ${order}`,
      );
      return rows.map((row) => Object.values(row));
    };

    it('settle subscriptions with their first payments', async () => {
      const orders = [newOrder(), newOrder(), newOrder(), newOrder(), newOrder()] as const;
      const [active, pending, declined, unknown, taken] = orders;
      await started({ [newOrder()]: { result: 'OK', paymentId: 'pm-s0', subscriptionToken: 'tok-0' } });
      const answers = await started({
        [active]: { result: 'OK', paymentId: 'pm-s1', subscriptionToken: 'tok-1' },
        [pending]: { result: 'PENDING', paymentId: 'pm-s2', subscriptionToken: 'tok-2' },
        [declined]: { result: 'KO' },
        [unknown]: UNREADABLE,
        [taken]: { result: 'OK', paymentId: 'pm-s5', subscriptionToken: 'tok-0' },
      });
      expectWritten(4, 5);
      expect(answers.map(({ status, body }) => [status, body['result'], body['code']])).toEqual([
        [200, 'OK', undefined],
        [200, 'PENDING', undefined],
        [200, 'KO', undefined],
        [502, undefined, 'invalid-provider-response'],
        [502, undefined, 'invalid-provider-response'],
      ]);
      expect(await subscriptionOf(active)).toEqual([
        ['tok-1', 'ACTIVE', 'ACCEPTED', 'pm-s1', 'completed', null],
      ]);
      expect(await subscriptionOf(pending)).toEqual([
        ['tok-2', 'PENDING', 'PENDING', 'pm-s2', 'completed', null],
      ]);
      expect(await subscriptionOf(declined)).toEqual([[null, 'FAILED', 'FAILED', null, 'completed', null]]);
      expect(await subscriptionOf(unknown)).toEqual([[null, 'UNKNOWN', 'UNKNOWN', null, 'unknown', null]]);
      expect(await subscriptionOf(taken)).toEqual([
        [null, 'UNKNOWN', 'UNKNOWN', 'pm-s5', 'unknown', 'tok-0'],
      ]);
      expect(await changes('subscription_ref', active)).toEqual([['CREATED', 'ACTIVE', 'call']]);
      expect(await changes('payment_ref', active)).toEqual([['CREATED', 'ACCEPTED', 'call']]);
      expect(await changes('subscription_ref', declined)).toEqual([['CREATED', 'FAILED', 'call']]);
    });

    it('expire and update subscriptions', async () => {
      const tokens = ['tok-expired', 'tok-refused', 'tok-unknown', 'tok-updated'] as const;
      const expired = newOrder();
      const orders = [expired, newOrder(), newOrder(), newOrder()];
      await started(
        Object.fromEntries(
          tokens.map((subscriptionToken, i) => [
            orders[i]!,
            { result: 'OK', paymentId: `pm-${orders[i]!}`, subscriptionToken },
          ]),
        ),
      );
      const expire =
        (token: string): Request =>
        () =>
          payments.send(`subscription/expire/${token}`, undefined, 'DELETE');
      const answers = {
        'tok-expired': { result: 'OK' },
        'tok-refused': { result: 'KO' },
        'tok-unknown': UNREADABLE,
        'tok-updated': UNREADABLE,
      };
      for (const [token, answer] of Object.entries(answers))
        payments.answer(token, { subscriptionToken: token, ...answer });
      const ends = await together({
        'tok-expired': expire('tok-expired'),
        'tok-refused': expire('tok-refused'),
        'tok-unknown': expire('tok-unknown'),
        'tok-updated': () => payments.send('subscription/update/tok-updated', { amount: 5, currency: 'EUR' }),
        'tok-strange': expire('tok-strange'),
      });
      expectWritten(5);
      expect(ends.map(({ status }) => status)).toEqual([200, 200, 502, 502, 200]);
      const rows = await payments.query(
        sql`select token, state, case when next_ask_at is null then 0 else 1 end as due from subscriptions
          where token in (${sql.join(tokens)}) order by token`,
      );
      expect(rows).toEqual([
        { token: 'tok-expired', state: 'EXPIRED', due: 0 },
        { token: 'tok-refused', state: 'ACTIVE', due: 0 },
        { token: 'tok-unknown', state: 'ACTIVE', due: 1 },
        { token: 'tok-updated', state: 'ACTIVE', due: 1 },
      ]);
      expect(await changes('subscription_ref', expired)).toEqual([
        ['CREATED', 'ACTIVE', 'call'],
        ['ACTIVE', 'EXPIRED', 'call'],
      ]);
      // It has ended already: nothing changes.
      payments.answer('tok-expired', { result: 'OK', subscriptionToken: 'tok-expired' });
      expect((await expire('tok-expired')()).status).toBe(200);
      expect(await changes('subscription_ref', expired)).toHaveLength(2);
    });

    it('cancel payments', async () => {
      const [canceled, refused, unknown, accepted] = [newOrder(), newOrder(), newOrder(), newOrder()];
      await pay([canceled, refused, unknown], 'PENDING');
      await pay([accepted]);
      const cancel =
        (order: string): Request =>
        () =>
          payments.send('cancel', { paymentId: `pm-${order}` });
      payments.answer(`pm-${canceled}`, { result: 'OK' });
      payments.answer(`pm-${refused}`, { result: 'KO' });
      payments.answer(`pm-${unknown}`, UNREADABLE);
      expect(await cancel(accepted)()).toMatchObject({ status: 409, body: { code: 'payment-not-pending' } });
      payments.clear();
      payments.gather(3);
      const answers = await Promise.all([cancel(canceled)(), cancel(refused)(), cancel(unknown)()]);
      if (payments.store.journals) {
        // The notification of the payment that is canceled needs a transaction of its own.
        expect(payments.appended).toEqual(Array.from({ length: 5 }, () => 'written'));
        expect(payments.commits).toContain(3);
      }
      expect(answers.map(({ status, body }) => [status, body['result']])).toEqual([
        [200, 'OK'],
        [200, 'KO'],
        [502, undefined],
      ]);
      const rows = await payments.query(
        sql`select state, case when next_ask_at <= updated_at + 60000 then 1 else 0 end as soon,
            case when canceled_at is null then 0 else 1 end as canceled
          from payments where shop_transaction_id in (${sql.join([canceled, refused, unknown])})
          order by length(shop_transaction_id), shop_transaction_id`,
      );
      expect(rows).toEqual([
        { state: 'FAILED', soon: 0, canceled: 1 },
        { state: 'PENDING', soon: 1, canceled: 0 },
        { state: 'PENDING', soon: 1, canceled: 0 },
      ]);
    });

    if (name === 'PostgreSQL' && !process.env['TEST_POOLER']) {
      it('end a refund that another transaction changes meanwhile, and those beside it', async () => {
        const [changed, second, third] = [newOrder(), newOrder(), newOrder()];
        const orders = [changed, second, third];
        await pay(orders);
        const other = new Client({ connectionString: postgresUrl(), options: `-c search_path=${schema!}` });
        await other.connect();
        try {
          const release = payments.hold(...orders.map((order) => `pm-${order}`));
          const answers = Promise.all(orders.map((order) => refund(order)()));
          await until(() => orders.every((order) => payments.calls(`pm-${order}`) === 1), 'the calls');
          await other.query('begin');
          await other.query(
            `update refunds set external_refund_id = 're-late' where payment_id = 'pm-${changed}'`,
          );
          payments.clear();
          payments.gather(3);
          release();
          await until(
            async () =>
              (await other.query(`select from pg_locks where not granted and pid <> pg_backend_pid()`))
                .rowCount! > 0,
            'the batch to wait',
          );
          await other.query('commit');
          expect((await answers).map(({ body }) => body['result'])).toEqual(['OK', 'OK', 'OK']);
          expect(payments.appended).toEqual(['failed', 'failed', 'failed']);
          expect(await refundOf(changed)).toEqual([['OK', 1, 99, 're-late', 're-late']]);
          for (const order of [second, third])
            expect(await refundOf(order)).toEqual([['OK', 1, 99, null, 'own']]);
        } finally {
          await other.end();
        }
      });
    }
  });
}
