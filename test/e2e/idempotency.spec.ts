import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AT_ONCE, type Answer, call } from '../support/client.js';
import { type Gateway, type GatewayOptions, startGateway } from '../support/gateway.js';
import { answerJson, answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { TestClock } from '../support/test-clock.js';

const DAY_MS = 86_400_000;
const pay = (shopTransactionId: string, more: object = {}): object => ({
  amount: 1299,
  currency: 'EUR',
  shopTransactionId,
  ...more,
});

describe('Idempotency-Key', () => {
  let external: StubExternal;
  let clock: TestClock;
  const gateways: Gateway[] = [];

  beforeEach(async () => {
    external = await startStubExternal();
    clock = new TestClock();
  });
  afterEach(async () => {
    for (const gateway of gateways.splice(0).toReversed()) await gateway.close();
    await external.close();
  });

  async function start(options: Partial<GatewayOptions> = {}, config: object = {}): Promise<Gateway> {
    const gateway = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url, timeoutMs: 2_000, ...config }],
      clock,
      ...options,
    });
    gateways.push(gateway);
    return gateway;
  }

  const send = (gateway: Gateway, key: string, body: object, operation = 'pay'): Promise<Answer> =>
    call(`${gateway.url}/v3/acme/${operation}`, 'POST', body, { 'idempotency-key': key });
  const payments = (): number => external.requests.filter(({ method }) => method === 'POST').length;

  it('executes concurrent equal requests once', async () => {
    const gateway = await start();
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => send(gateway, 'k', pay('o'))));
    const executed = answers.filter(({ status }) => status === 200);
    const conflicts = answers.filter(({ status }) => status === 409);
    expect(payments()).toBe(1);
    expect(executed.length + conflicts.length).toBe(AT_ONCE);
    expect(new Set(executed.map(({ text }) => text)).size).toBe(1);
    expect(
      conflicts.every(({ body }) => body['code'] === 'idempotency-conflict' && body['outcome'] === 'unknown'),
    ).toBe(true);
  });

  it('answers a repeat with a conflict while the request runs, and later with its answer', async () => {
    const gateway = await start();
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    external.behave(async () => {
      arrived.resolve();
      await release.promise;
      return { result: 'OK', paymentId: 'pm' };
    });
    const first = send(gateway, 'k', pay('o'));
    await arrived.promise;
    const meanwhile = await send(gateway, 'k', pay('o'));
    release.resolve();
    expect(meanwhile.status).toBe(409);
    expect((await first).body).toEqual({ result: 'OK', paymentId: 'pm' });
    const after = await send(gateway, 'k', pay('o'));
    expect([after.status, after.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
  });

  it('replays the same status and bytes for any order of the members', async () => {
    const gateway = await start();
    const first = await send(gateway, 'k', pay('o', { providerData: { a: 1, b: { c: 2, d: 3 } } }));
    const again = await send(gateway, '"k"', { providerData: { b: { d: 3, c: 2 }, a: 1 }, ...pay('o') });
    expect(again.text).toBe(first.text);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(payments()).toBe(1);
  });

  it.each([
    ['another amount', pay('o', { amount: 1300 })],
    ['other providerData', pay('o', { providerData: { card: 'other' } })],
  ])('refuses the key for %s', async (_name, body) => {
    const gateway = await start();
    await send(gateway, 'k', pay('o', { providerData: { card: 'one' } }));
    const other = await send(gateway, 'k', body);
    expect([other.status, other.body['code'], other.body['outcome']]).toEqual([
      422,
      'idempotency-key-reused',
      'not-executed',
    ]);
    expect(payments()).toBe(1);
  });

  it('scopes keys to operations', async () => {
    const gateway = await start();
    await send(gateway, 'k', pay('o-1'));
    expect((await send(gateway, 'k', pay('o-2'), 'pay-by-link')).status).toBe(200);
    expect(payments()).toBe(2);
  });

  it('replays after a restart', async () => {
    const before = await start();
    const first = await send(before, 'k', pay('o'));
    await before.app.close();
    const after = await start({ database: before.database });
    const again = await send(after, 'k', pay('o'));
    expect([again.text, again.headers.get('idempotency-replayed'), payments()]).toEqual([
      first.text,
      'true',
      1,
    ]);
  });

  it('frees the key after not-executed', async () => {
    const gateway = await start();
    external.behave((_, response) => answerJson(response, 400, { detail: 'try later' }));
    const refused = await send(gateway, 'k', pay('o'));
    expect([refused.status, refused.body['code'], refused.body['outcome']]).toEqual([
      422,
      'provider-rejected',
      'not-executed',
    ]);
    external.behave(answerOk);
    const again = await send(gateway, 'k', pay('o'));
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, null]);
  });

  it('expires after exactly 24 hours', async () => {
    const gateway = await start({}, { duplicatePayments: 'allow' });
    await send(gateway, 'k', pay('o'));
    clock.advance(DAY_MS - 1);
    expect((await send(gateway, 'k', pay('o'))).headers.get('idempotency-replayed')).toBe('true');
    clock.advance(1);
    expect((await send(gateway, 'k', pay('o'))).headers.get('idempotency-replayed')).toBeNull();
    expect(payments()).toBe(2);
  });

  it('sends the caller’s key, or a generated one', async () => {
    const gateway = await start();
    await send(gateway, 'my-key', pay('o-1'));
    await call(`${gateway.url}/v3/acme/pay`, 'POST', pay('o-2'));
    const [given, made] = external.requests.map(({ headers }) => headers['idempotency-key']);
    expect(given).toBe('my-key');
    expect(made).toMatch(/^idk_/);
  });

  it.each([
    ['empty', ''],
    ['too long', 'x'.repeat(256)],
    ['half quoted', '"abc'],
    ['not ASCII', 'sch\u00f6n'],
  ])('refuses a key that is %s', async (_name, key) => {
    const gateway = await start();
    const answer = await send(gateway, key, pay('o'));
    expect([answer.status, answer.body['code']]).toEqual([400, 'validation-failed']);
    expect(payments()).toBe(0);
  });

  describe('after an unknown outcome', () => {
    const unknown = async (gateway: Gateway): Promise<Answer> => {
      external.behave((_, response) => answerJson(response, 500, {}));
      const answer = await send(gateway, 'k', pay('o'));
      expect([answer.status, answer.body['outcome']]).toEqual([502, 'unknown']);
      return answer;
    };

    it('returns the stored error if the external can neither be queried nor honours the key', async () => {
      const gateway = await start();
      const first = await unknown(gateway);
      const sent = external.requests.length;
      external.behave(answerOk);
      const again = await send(gateway, 'k', pay('o'));
      expect([again.status, again.text, again.headers.get('idempotency-replayed')]).toEqual([
        502,
        first.text,
        'true',
      ]);
      expect(external.requests.length).toBe(sent);
    });

    it('queries first if possible', async () => {
      const gateway = await start({}, { statusByShopTransactionId: true, honoursIdempotencyKey: true });
      await unknown(gateway);
      external.requests.length = 0;
      external.behave(() => ({ status: 'ACCEPTED', paymentId: 'pm-9' }));
      const again = await send(gateway, 'k', pay('o'));
      expect([again.status, again.body]).toEqual([200, { result: 'OK', paymentId: 'pm-9' }]);
      expect(external.requests.map(({ url }) => url)).toEqual(['/status?shopTransactionId=o']);
      const third = await send(gateway, 'k', pay('o'));
      expect([third.text, third.headers.get('idempotency-replayed')]).toEqual([again.text, 'true']);
    });

    it.each([
      ['a payment that failed before', 'refuse', { result: 'KO', paymentId: 'pm-1' }, { status: 'FAILED' }],
      [
        'one more payment, as is allowed',
        'allow',
        { result: 'OK', paymentId: 'pm-1' },
        { status: 'ACCEPTED' },
      ],
      ['another shopTransactionId', 'refuse', undefined, { status: 'ACCEPTED', shopTransactionId: 'other' }],
    ])('ignores a status answer about %s', async (_name, duplicatePayments, earlier, said) => {
      const gateway = await start({}, { statusByShopTransactionId: true, duplicatePayments });
      external.behave(() => earlier);
      if (earlier) await send(gateway, 'earlier', pay('o'));
      await unknown(gateway);
      external.requests.length = 0;
      external.behave(() => ({ paymentId: 'pm-1', ...said }));
      const again = await send(gateway, 'k', pay('o'));
      expect([again.status, again.body['outcome']]).toEqual([502, 'unknown']);
      expect(external.requests.map(({ url }) => url)).toEqual(['/status?shopTransactionId=o']);
    });

    it('resends with the same key if the external honours it', async () => {
      const gateway = await start({}, { honoursIdempotencyKey: true });
      await unknown(gateway);
      const sent = payments();
      external.behave(answerOk);
      const again = await send(gateway, 'k', pay('o'));
      expect([again.status, again.body['result']]).toEqual([200, 'OK']);
      expect(payments()).toBe(sent + 1);
      expect(new Set(external.requests.map(({ headers }) => headers['idempotency-key']))).toEqual(
        new Set(['k']),
      );
    });

    it('stays unknown if the repeat was rejected: the first may have been executed', async () => {
      const gateway = await start({}, { honoursIdempotencyKey: true });
      await unknown(gateway);
      const sent = payments();
      external.behave((_, response) => answerJson(response, 422, { detail: 'no' }));
      const again = await send(gateway, 'k', pay('o'));
      expect([again.status, again.body['outcome']]).toEqual([502, 'unknown']);
      expect(payments()).toBe(sent + 1);
    });
  });
});
