import { writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Store } from '../../src/persistence/store.js';
import { ExternalsReloader } from '../../src/providers/externals.reloader.js';
import { payment, post, told, useAcme } from '../support/acme.js';
import { type Answer, call } from '../support/client.js';
import type { Gateway } from '../support/gateway.js';
import { scrape } from '../support/scrape.js';
import { answerJson } from '../support/stub-external.js';

const ENV = { API_KEYS: 'shop:shop-secret-11,crm:crm-secret-2222', API_AUTH: 'required' };
const SHOP = { 'x-api-key': 'shop-secret-11' };
const CRM = { 'x-api-key': 'crm-secret-2222' };
const NOT_FOUND = [404, 'external-not-found', 'not-executed'];

/** What an external has executed stays executed once it is removed from the configuration (SPEC §3, §4). */
describe('after an external was removed', () => {
  const acme = useAcme();
  const start = (): Promise<Gateway> => acme.start({ env: ENV, clock: acme.clock });
  const keyed = (key: string, caller: object = SHOP): Record<string, string> => ({
    ...caller,
    'idempotency-key': key,
  });
  const executed = (): number => acme.external.requests.filter(({ method }) => method !== 'GET').length;
  const others = (): object[] => [{ externalService: 'other', baseUrl: acme.external.url }];

  const read = ({ url }: Pick<Gateway, 'url'>, path: string, name = 'acme'): Promise<Answer> =>
    call(`${url}/v3/${name}/${path}`, 'GET', undefined, SHOP);

  async function remove({ app, externalsPath }: Gateway): Promise<void> {
    writeFileSync(externalsPath!, JSON.stringify({ externalServices: others() }));
    await app.get(ExternalsReloader).check();
  }

  it('a repeat with the same key gets the stored answer, after a restart too', async () => {
    const gateway = await start();
    const { body } = await post(gateway, 'pay', payment('paid'), keyed('k-0'));
    const refund = { amount: 100, currency: 'EUR', paymentId: body['paymentId'] };
    const all = ({ url }: Gateway): Promise<Answer[]> =>
      Promise.all([
        post({ url } as Gateway, 'pay', payment('order'), keyed('k-1')),
        post({ url } as Gateway, 'refund', refund, keyed('k-2')),
        call(`${url}/v3/acme/subscription/expire/tok`, 'DELETE', undefined, keyed('k-3')),
      ]);
    const first = await all(gateway);
    expect(first.map(({ status }) => status)).toEqual([200, 200, 200]);
    await remove(gateway);
    const again = await all(gateway);
    await gateway.app.close();
    const restarted = await all(
      await acme.start({ env: ENV, clock: acme.clock, externals: others(), database: gateway.database }),
    );
    for (const repeats of [again, restarted]) {
      expect(repeats.map(({ text }) => text)).toEqual(first.map(({ text }) => text));
      expect(repeats.map(({ headers }) => headers.get('idempotency-replayed'))).toEqual(
        Array(3).fill('true'),
      );
    }
    expect(executed()).toBe(4);
  });

  it('a payment of unknown outcome stays unknown to a repeat, and one in flight is in flight', async () => {
    const gateway = await start();
    acme.external.behave((_, response) => answerJson(response, 500, {}));
    const failed = await post(gateway, 'pay', payment('lost'), keyed('k-1'));
    const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    acme.external.behave(async () => {
      arrived.resolve();
      await released.promise;
      return { result: 'OK', paymentId: 'pm' };
    });
    const running = post(gateway, 'pay', payment('slow'), keyed('k-2'));
    await arrived.promise;
    await remove(gateway);
    const lost = await post(gateway, 'pay', payment('lost'), keyed('k-1'));
    expect([told(lost), lost.text]).toEqual([[502, 'provider-error', 'unknown'], failed.text]);
    const meanwhile = await post(gateway, 'pay', payment('slow'), keyed('k-2'));
    expect(told(meanwhile)).toEqual([409, 'idempotency-conflict', 'unknown']);
    released.resolve();
    expect((await running).status).toBe(200);
  });

  it('a second payment of an order is a duplicate, unless the first has failed', async () => {
    const gateway = await start();
    const paid = await post(gateway, 'pay', payment('paid'), keyed('k-1'));
    acme.external.behave(() => ({
      result: 'REDIRECT_TO_URL',
      paymentId: 'pm-2',
      redirectToUrl: 'https://p/',
    }));
    await post(gateway, 'pay', payment('open'), keyed('k-2'));
    acme.external.behave(() => ({ result: 'KO', paymentId: 'pm-3' }));
    await post(gateway, 'pay', payment('declined'), keyed('k-3'));
    await remove(gateway);
    for (const headers of [keyed('k-4'), SHOP, CRM]) {
      const second = await post(gateway, 'pay', payment('paid'), headers);
      expect(told(second)).toEqual([409, 'duplicate-payment', 'not-executed']);
      expect(second.body).toMatchObject({ paymentId: paid.body['paymentId'], paymentStatus: 'ACCEPTED' });
    }
    const open = await post(gateway, 'pay-by-link', payment('open'), SHOP);
    expect(open.body).toMatchObject({ code: 'duplicate-payment', paymentStatus: 'PENDING' });
    expect(told(await post(gateway, 'pay', payment('declined'), keyed('k-5')))).toEqual(NOT_FOUND);
    expect(executed()).toBe(3);
  });

  it('a refund that is repeated without a key is refused as a repeat', async () => {
    const gateway = await start();
    const { body } = await post(gateway, 'pay', payment('paid'), SHOP);
    const refund = { amount: 100, currency: 'EUR', paymentId: body['paymentId'] };
    const { body: refunded } = await post(gateway, 'refund', refund, SHOP);
    await remove(gateway);
    const again = await post(gateway, 'refund', refund, SHOP);
    expect(told(again)).toEqual([409, 'repeated-without-key', 'unknown']);
    expect(again.body['refundId']).toBe(refunded['refundId']);
    expect(told(await post(gateway, 'refund', { ...refund, amount: 200 }, SHOP))).toEqual(NOT_FOUND);
  });

  it('status and check are answered by the ledger, after a restart too, and check notifies', async () => {
    const gateway = await start();
    await post(gateway, 'pay', payment('paid'), keyed('k-1'));
    acme.external.behave(() => ({ result: 'PENDING', paymentId: 'pm-open' }));
    await post(gateway, 'pay', payment('open'), keyed('k-2'));
    acme.external.behave((_, response) => answerJson(response, 500, {}));
    await post(gateway, 'pay', payment('lost'), keyed('k-3'));
    acme.external.behave(() => ({ result: 'KO', paymentId: 'pm-ko' }));
    await post(gateway, 'pay', payment('declined'), keyed('k-4'));
    await remove(gateway);
    const requests = acme.external.requests.length;
    const notified = (): Promise<number> =>
      gateway.app
        .get(Store)
        .read(
          async (db) =>
            (await db.selectFrom('notifications').select('id').where('external', '=', 'acme').execute())
              .length,
        );
    const expectAnswers = async ({ url }: Pick<Gateway, 'url'>): Promise<void> => {
      for (const route of ['status', 'check']) {
        const answers: [string, string][] = [
          ['shopTransactionId=paid', 'ACCEPTED'],
          ['shopTransactionId=open', 'PENDING'],
          ['paymentId=pm-open', 'PENDING'],
          ['shopTransactionId=lost', 'PENDING'],
          ['paymentId=pm-ko', 'FAILED'],
        ];
        for (const [query, status] of answers) {
          const answer = await read({ url }, `${route}?${query}`);
          expect([query, answer.status, answer.body]).toMatchObject([
            query,
            200,
            { status, providerName: 'acme' },
          ]);
        }
        for (const query of ['shopTransactionId=never', 'paymentId=never'])
          expect(told(await read({ url }, `${route}?${query}`))).toEqual([
            404,
            'external-not-found',
            undefined,
          ]);
      }
    };
    expect(await notified()).toBe(0);
    await expectAnswers(gateway);
    expect(await notified()).toBe(5);
    await gateway.app.close();
    await expectAnswers(
      await acme.start({ env: ENV, clock: acme.clock, externals: others(), database: gateway.database }),
    );
    expect(acme.external.requests).toHaveLength(requests);
  });

  it('the status of a refund and of a subscription is what the ledger has', async () => {
    const gateway = await start();
    const { body: paid } = await post(gateway, 'pay', payment('paid'), keyed('k-1'));
    const refund = { amount: 100, currency: 'EUR', paymentId: paid['paymentId'] };
    const { refundId } = (await post(gateway, 'refund', refund, keyed('k-2'))).body;
    const started = { ...payment('subscribed'), subscriptionInfo: { interval: 'MONTH', intervalCount: 1 } };
    const { subscriptionToken } = (await post(gateway, 'subscription/start', started, keyed('k-3'))).body;
    await remove(gateway);
    expect((await read(gateway, `refund/status?refundId=${String(refundId)}`)).body).toMatchObject({
      status: 'ACCEPTED',
      refundId,
      amount: 100,
    });
    expect((await read(gateway, `subscription/status/${String(subscriptionToken)}`)).body).toEqual({
      status: 'ACTIVE',
      subscriptionToken,
      providerName: 'acme',
    });
    for (const path of ['refund/status?refundId=never', 'subscription/status/never'])
      expect(told(await read(gateway, path))).toEqual([404, 'external-not-found', undefined]);
  });

  it('callers without access to it learn nothing', async () => {
    const gateway = await start();
    await post(gateway, 'pay', payment('paid'), keyed('k-1'));
    await remove(gateway);
    const anonymous = await call(`${gateway.url}/v3/acme/status?shopTransactionId=paid`, 'GET');
    expect(told(anonymous)).toEqual([401, 'unauthenticated', undefined]);
  });

  it('a restored ledger that recovers knows no more: what it lacks is not said to be safe elsewhere', async () => {
    const gateway = await start();
    const paid = await post(gateway, 'pay', payment('paid'), keyed('k-1'));
    await gateway.app.close();
    acme.clock.advance(60_000);
    const restored = await acme.start({
      env: { ...ENV, RECOVERED_FROM: new Date(acme.clock.now() - 30_000).toISOString() },
      clock: acme.clock,
      externals: others(),
      database: gateway.database,
    });
    expect((await post(restored, 'pay', payment('paid'), keyed('k-1'))).text).toBe(paid.text);
    expect(told(await post(restored, 'pay', payment('paid'), keyed('k-2')))).toEqual([
      409,
      'duplicate-payment',
      'not-executed',
    ]);
    expect((await read(restored, 'status?shopTransactionId=paid')).body['status']).toBe('ACCEPTED');
    const refund = { amount: 100, currency: 'EUR', paymentId: paid.body['paymentId'] };
    const unknown: [string, object][] = [
      ['pay', payment('since')],
      ['pay-by-link', payment('since')],
      ['refund', refund],
      ['cancel', { paymentId: 'since' }],
      ['subscription/update/tok', { shopTransactionId: 'since' }],
    ];
    for (const [path, body] of unknown)
      expect([path, ...told(await post(restored, path, body, keyed('k-3')))]).toEqual([
        path,
        503,
        'recovering',
        'not-executed',
      ]);
    expect(await scrape(restored)).not.toContain('decisions_total{external="acme"');
    expect(acme.external.requests).toHaveLength(1);
  });

  it('all else is answered as for a name that never was', async () => {
    const gateway = await start();
    await post(gateway, 'pay', payment('paid'), keyed('k-1'));
    await remove(gateway);
    const requests: [string, string, object | string | undefined, Record<string, string>][] = [
      ['POST', 'pay', payment('other'), keyed('k-2')],
      ['POST', 'pay', payment('other'), keyed('k-1', CRM)],
      ['POST', 'cancel', { paymentId: 'pm' }, SHOP],
      ['POST', 'subscription/update/tok', { shopTransactionId: 'other' }, SHOP],
      ['POST', 'subscription/expire/tok', undefined, SHOP],
      ['DELETE', 'subscription/expire/tok', undefined, SHOP],
      ['GET', 'status?shopTransactionId=other', undefined, SHOP],
      ['GET', 'check?paymentId=other', undefined, SHOP],
      ['GET', 'refund/status?refundId=other', undefined, SHOP],
      ['GET', 'subscription/status/tok', undefined, SHOP],
    ];
    for (const [method, path, body, headers] of requests) {
      const [of, never] = await Promise.all(
        ['acme', 'never'].map((name) => call(`${gateway.url}/v3/${name}/${path}`, method, body, headers)),
      );
      expect([path, of!.status, of!.body]).toEqual([
        path,
        404,
        { ...never!.body, instance: of!.body['instance'], requestId: of!.body['requestId'] },
      ]);
      expect(of!.body).toMatchObject({
        code: 'external-not-found',
        detail: expect.stringContaining('other'),
      });
    }
    expect(executed()).toBe(1);
  });

  it('a request that is wrong at every external is refused for that', async () => {
    const gateway = await start();
    await remove(gateway);
    for (const name of ['acme', 'never']) {
      const at = `${gateway.url}/v3/${name}`;
      const answers = [
        await call(`${at}/pay`, 'POST', {}, keyed('k-1')),
        await call(`${at}/pay`, 'POST', payment('paid'), { ...SHOP, 'content-type': 'text/plain' }),
        await call(`${at}/status`, 'GET', undefined, SHOP),
      ];
      expect(answers.map(({ status }) => status)).toEqual([400, 415, 400]);
    }
  });
});
