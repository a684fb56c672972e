import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { END_ALONE, OperationJournal } from '../../src/operations/operation.journal.js';
import { type OperationEnd, OperationRepository } from '../../src/operations/operation.repository.js';
import { OperationSettler } from '../../src/operations/operation.settler.js';
import type { OperationRow } from '../../src/operations/operation.table.js';
import { ExternalProviderRegistry } from '../../src/providers/external-provider.registry.js';
import type { Answer } from '../support/client.js';
import { ConcurrentPayments, newOrder, PAID } from '../support/concurrent-payments.js';
import { databasePlaces } from '../support/databases.js';
import { until } from '../support/until.js';

const MONTHLY = { interval: 'MONTH', intervalCount: 1 };
/** No answer of the contract: the outcome is unknown. */
const UNREADABLE = { result: 'PERHAPS' };
const LATER_MS = 60_000;
/** A complete answer is certain, whichever attempt received it: no fence keeps it out. */
const FENCED = ['unknown', 'not-executed', 'rejected'] as const satisfies readonly OperationEnd['state'][];

for (const [name, place] of databasePlaces().filter(([each]) => each !== 'SQLite memory')) {
  describe(`The attempt of an operation that another replica has taken over on ${name}`, () => {
    let payments: ConcurrentPayments;
    let operations: OperationRepository;
    let dispose: () => Promise<void>;

    beforeAll(async () => {
      const database = await place();
      dispose = database.dispose;
      payments = await ConcurrentPayments.startAt(database, { cancel: true });
      operations = payments.gateway.app.get(OperationRepository);
    }, 30_000);
    afterAll(async () => {
      await payments.close();
      await dispose();
    });
    beforeEach(() => payments.clear());

    const newest = (): Promise<OperationRow> =>
      payments.store.read((db) =>
        db.selectFrom('operations').selectAll().orderBy('id', 'desc').limit(1).executeTakeFirstOrThrow(),
      );

    /** Begins `request`, whose answer is held, and takes it over as a replica does after the deadline. */
    async function takenOver<Result>(order: string, request: () => Promise<Result>) {
      const called = payments.external.requests.length;
      const release = payments.hold(order, `pm-${order}`);
      const ended = request();
      await until(() => payments.external.requests.length > called, 'the call');
      const first = await newest();
      await payments.gateway.app.get(OperationSettler).abandon(first);
      const second = { ...first, deadline_at: first.deadline_at + LATER_MS };
      const resumed = await payments.store.transaction((trx) =>
        operations.resume(trx, first.id, second.deadline_at),
      );
      expect(resumed).toBe(true);
      payments.clear();
      return { first, release, ended, running: await newest() };
    }

    const endAs = (state: OperationEnd['state'], { deadline_at }: OperationRow): OperationEnd => ({
      state,
      reason: null,
      atMs: deadline_at,
      answerStatus: 503,
      answerBody: '{}',
      keyHeld: 0,
      repeatHeld: 0,
    });

    it.each(FENCED)('does not end it as %s, but the attempt that runs does', async (state) => {
      const order = newOrder();
      const { first, release, ended, running } = await takenOver(order, () => payments.pay(order));
      const end = (row: OperationRow): Promise<boolean> =>
        payments.store.transaction((trx) => operations.end(trx, row, endAs(state, row)));
      expect(await end(first)).toBe(false);
      expect(await newest()).toEqual({ ...running, state: 'running' });
      expect(await end(running)).toBe(true);
      expect((await newest()).state).toBe(state);
      release();
      await ended;
    });

    const itJournals = name === 'PostgreSQL' ? it : it.skip;
    itJournals.each(FENCED)(
      'does not end it as %s in the journal, but the attempt that runs does',
      async (state) => {
        const order = newOrder();
        const { first, release, ended, running } = await takenOver(order, () => payments.pay(order));
        const end = (row: OperationRow): Promise<string> =>
          payments.gateway.app.get(OperationJournal).end(row, endAs(state, row), END_ALONE);
        expect(await end(first)).toBe('in-the-way');
        expect(await newest()).toEqual({ ...running, state: 'running' });
        expect(await end(running)).toBe('written');
        expect((await newest()).state).toBe(state);
        release();
        await ended;
      },
    );

    it('leaves a payment to the other where its own outcome is unknown', async () => {
      const order = newOrder();
      payments.answer(order, UNREADABLE);
      const { release, ended, running } = await takenOver(order, () => payments.pay(order));
      release();
      expect(await ended).toMatchObject({ outcome: 'unknown' });
      expect(await newest()).toEqual({ ...running, state: 'running' });
    });

    // Its payment stays PENDING meanwhile, so that nothing but the fence keeps its end out of the journal.
    it('leaves a cancellation to the other where its own outcome is unknown', async () => {
      const order = newOrder();
      payments.answer(order, { result: 'PENDING', paymentId: `pm-${order}` });
      expect(await payments.pay(order)).toEqual(PAID);
      payments.answer(`pm-${order}`, UNREADABLE);
      const cancel = (): Promise<unknown> => payments.send('cancel', { paymentId: `pm-${order}` });
      const { release, ended, running } = await takenOver(order, cancel);
      release();
      expect(await ended).toMatchObject({ body: { outcome: 'unknown' } });
      expect(payments.appended).toEqual(payments.store.journals ? ['in-the-way'] : []);
      expect(await newest()).toEqual({ ...running, state: 'running' });
    });

    /** By the name of the operation. A subscription's token need not be known to the gateway. */
    const REQUESTS: Readonly<Record<string, (order: string) => Promise<Answer>>> = {
      pay: (order) => payments.send('pay', { amount: 1299, currency: 'EUR', shopTransactionId: order }),
      refund: (order) => payments.send('refund', { amount: 1299, currency: 'EUR', paymentId: `pm-${order}` }),
      cancel: (order) => payments.send('cancel', { paymentId: `pm-${order}` }),
      'subscription/schedule': (order) =>
        payments.send('subscription/schedule', {
          amount: 1299,
          currency: 'EUR',
          shopTransactionId: order,
          subscriptionInfo: MONTHLY,
        }),
      'subscription/update': (order) =>
        payments.send(`subscription/update/pm-${order}`, { amount: 5, currency: 'EUR' }),
      'subscription/expire': (order) => payments.send(`subscription/expire/pm-${order}`, undefined, 'DELETE'),
    };

    /** An operation whose own attempt the external refuses with `status` once another has taken it over. */
    async function refused(operation: string, status: number) {
      const order = newOrder();
      if (operation === 'refund' || operation === 'cancel') {
        const result = operation === 'refund' ? 'OK' : 'PENDING';
        payments.answer(order, { result, paymentId: `pm-${order}` });
        expect(await payments.pay(order)).toEqual(PAID);
      }
      for (const name of [order, `pm-${order}`]) payments.answer(name, { message: 'no' }, status);
      return takenOver(order, () => REQUESTS[operation]!(order));
    }

    const refusals = Object.keys(REQUESTS).flatMap((operation) =>
      [422, 429].map((status) => [operation, status] as const),
    );
    it.each(refusals)(
      'says of a %s that was refused with %d that the other may execute it',
      async (operation, status) => {
        const { release, ended, running } = await refused(operation, status);
        release();
        expect(await ended).toMatchObject({
          status: 502,
          body: { code: 'provider-error', outcome: 'unknown' },
        });
        expect(await newest()).toEqual({ ...running, state: 'running' });
      },
    );

    it.each([
      ['completed', 'unknown'],
      ['unknown', 'unknown'],
      ['not-executed', 'not-executed'],
    ] as const)(
      'answers a refused payment that the other has ended as %s with %s',
      async (state, outcome) => {
        const { release, ended, running } = await refused('pay', 429);
        await payments.store.transaction((trx) => operations.end(trx, running, endAs(state, running)));
        const ledger = await newest();
        release();
        expect(await ended).toMatchObject({ body: { outcome } });
        expect(await newest()).toEqual(ledger);
      },
    );

    it('does not send it again', async () => {
      const order = newOrder();
      const { first, release, ended, running } = await takenOver(order, () => payments.pay(order));
      const { app } = payments.gateway;
      const external = app.get(ExternalProviderRegistry).get('acme')!.config;
      expect(await app.get(OperationSettler).sendAgain(first, external)).toBeUndefined();
      expect(await newest()).toEqual(running);
      release();
      await ended;
    });

    it('ends it all the same with a complete answer', async () => {
      const order = newOrder();
      const { release, ended } = await takenOver(order, () => payments.pay(order));
      release();
      expect(await ended).toEqual(PAID);
      expect(await payments.rows(order)).toEqual([['ACCEPTED', `pm-${order}`, 'completed']]);
    });
  });
}
