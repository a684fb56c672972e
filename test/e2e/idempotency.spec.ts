import { describe, expect, it } from '@jest/globals';
import { payment, useAcme } from '../support/acme.js';
import { AT_ONCE, type Answer, call } from '../support/client.js';
import { type Gateway, type GatewayOptions } from '../support/gateway.js';
import { answerJson, answerOk } from '../support/stub-external.js';

const DAY_MS = 86_400_000;
describe('Idempotency-Key', () => {
  const acme = useAcme();
  const start = (options: Partial<GatewayOptions> = {}, config: object = {}): Promise<Gateway> =>
    acme.start({ clock: acme.clock, ...options }, config);

  const send = (gateway: Gateway, key: string, body: object, operation = 'pay'): Promise<Answer> =>
    call(`${gateway.url}/v3/acme/${operation}`, 'POST', body, { 'idempotency-key': key });
  const payments = (): number => acme.external.requests.filter(({ method }) => method === 'POST').length;

  it('executes concurrent equal requests once', async () => {
    const gateway = await start();
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, () => send(gateway, 'k', payment('o'))),
    );
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
    acme.external.behave(async () => {
      arrived.resolve();
      await release.promise;
      return { result: 'OK', paymentId: 'pm' };
    });
    const first = send(gateway, 'k', payment('o'));
    await arrived.promise;
    const meanwhile = await send(gateway, 'k', payment('o'));
    release.resolve();
    expect(meanwhile.status).toBe(409);
    expect((await first).body).toEqual({ result: 'OK', paymentId: 'pm' });
    const after = await send(gateway, 'k', payment('o'));
    expect([after.status, after.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
  });

  it('replays the same status and bytes for any order of the members', async () => {
    const gateway = await start();
    const first = await send(gateway, 'k', payment('o', { providerData: { a: 1, b: { c: 2, d: 3 } } }));
    const again = await send(gateway, '"k"', { providerData: { b: { d: 3, c: 2 }, a: 1 }, ...payment('o') });
    expect(again.text).toBe(first.text);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(payments()).toBe(1);
  });

  it.each([
    ['another amount', payment('o', { amount: 1300 })],
    ['other providerData', payment('o', { providerData: { card: 'other' } })],
  ])('refuses the key for %s', async (_name, body) => {
    const gateway = await start();
    await send(gateway, 'k', payment('o', { providerData: { card: 'one' } }));
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
    await send(gateway, 'k', payment('o-1'));
    expect((await send(gateway, 'k', payment('o-2'), 'pay-by-link')).status).toBe(200);
    expect(payments()).toBe(2);
  });

  it('replays after a restart', async () => {
    const before = await start();
    const first = await send(before, 'k', payment('o'));
    await before.app.close();
    const after = await start({ database: before.database });
    const again = await send(after, 'k', payment('o'));
    expect([again.text, again.headers.get('idempotency-replayed'), payments()]).toEqual([
      first.text,
      'true',
      1,
    ]);
  });

  it('frees the key after not-executed', async () => {
    const gateway = await start();
    acme.external.behave((_, response) => answerJson(response, 400, { detail: 'try later' }));
    const refused = await send(gateway, 'k', payment('o'));
    expect([refused.status, refused.body['code'], refused.body['outcome']]).toEqual([
      422,
      'provider-rejected',
      'not-executed',
    ]);
    acme.external.behave(answerOk);
    const again = await send(gateway, 'k', payment('o'));
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, null]);
  });

  it('expires after exactly 24 hours', async () => {
    const gateway = await start({}, { duplicatePayments: 'allow' });
    await send(gateway, 'k', payment('o'));
    acme.clock.advance(DAY_MS - 1);
    expect((await send(gateway, 'k', payment('o'))).headers.get('idempotency-replayed')).toBe('true');
    acme.clock.advance(1);
    expect((await send(gateway, 'k', payment('o'))).headers.get('idempotency-replayed')).toBeNull();
    expect(payments()).toBe(2);
  });

  it('sends the caller’s key, or a generated one', async () => {
    const gateway = await start();
    await send(gateway, 'my-key', payment('o-1'));
    await call(`${gateway.url}/v3/acme/pay`, 'POST', payment('o-2'));
    const [given, made] = acme.external.requests.map(({ headers }) => headers['idempotency-key']);
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
    const answer = await send(gateway, key, payment('o'));
    expect([answer.status, answer.body['code']]).toEqual([400, 'validation-failed']);
    expect(payments()).toBe(0);
  });

  describe('after an unknown outcome', () => {
    const unknown = async (gateway: Gateway): Promise<Answer> => {
      acme.external.behave((_, response) => answerJson(response, 500, {}));
      const answer = await send(gateway, 'k', payment('o'));
      expect([answer.status, answer.body['outcome']]).toEqual([502, 'unknown']);
      return answer;
    };

    it('returns the stored error if the external can neither be queried nor honours the key', async () => {
      const gateway = await start();
      const first = await unknown(gateway);
      const sent = acme.external.requests.length;
      acme.external.behave(answerOk);
      const again = await send(gateway, 'k', payment('o'));
      expect([again.status, again.text, again.headers.get('idempotency-replayed')]).toEqual([
        502,
        first.text,
        'true',
      ]);
      expect(acme.external.requests.length).toBe(sent);
    });

    it('queries first if possible', async () => {
      const gateway = await start({}, { statusByShopTransactionId: true, honoursIdempotencyKey: true });
      await unknown(gateway);
      acme.external.requests.length = 0;
      acme.external.behave(() => ({ status: 'ACCEPTED', paymentId: 'pm-9' }));
      const again = await send(gateway, 'k', payment('o'));
      expect([again.status, again.body]).toEqual([200, { result: 'OK', paymentId: 'pm-9' }]);
      expect(acme.external.requests.map(({ url }) => url)).toEqual(['/status?shopTransactionId=o']);
      const third = await send(gateway, 'k', payment('o'));
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
      acme.external.behave(() => earlier);
      if (earlier) await send(gateway, 'earlier', payment('o'));
      await unknown(gateway);
      acme.external.requests.length = 0;
      acme.external.behave(() => ({ paymentId: 'pm-1', ...said }));
      const again = await send(gateway, 'k', payment('o'));
      expect([again.status, again.body['outcome']]).toEqual([502, 'unknown']);
      expect(acme.external.requests.map(({ url }) => url)).toEqual(['/status?shopTransactionId=o']);
    });

    it('resends with the same key if the external honours it', async () => {
      const gateway = await start({}, { honoursIdempotencyKey: true });
      await unknown(gateway);
      const sent = payments();
      acme.external.behave(answerOk);
      const again = await send(gateway, 'k', payment('o'));
      expect([again.status, again.body['result']]).toEqual([200, 'OK']);
      expect(payments()).toBe(sent + 1);
      expect(new Set(acme.external.requests.map(({ headers }) => headers['idempotency-key']))).toEqual(
        new Set(['k']),
      );
    });

    it('stays unknown if the repeat was rejected: the first may have been executed', async () => {
      const gateway = await start({}, { honoursIdempotencyKey: true });
      await unknown(gateway);
      const sent = payments();
      acme.external.behave((_, response) => answerJson(response, 422, { detail: 'no' }));
      const again = await send(gateway, 'k', payment('o'));
      expect([again.status, again.body['outcome']]).toEqual([502, 'unknown']);
      expect(payments()).toBe(sent + 1);
    });
  });
});
