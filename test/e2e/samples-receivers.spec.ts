import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/sensitive/secret.js';
import { signWebhook } from '../../src/webhooks/standard-webhooks.js';
import { ADMIN, payment, WATCHED } from '../support/acme.js';
import { type Answer, call } from '../support/client.js';
import { NOTIFICATION_SECRET } from '../support/delivery.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import {
  isRunnable,
  prepareSample,
  runReceiver,
  type RunningSample,
  type Sample,
  SAMPLE_LANGUAGES,
} from '../support/samples.js';
import { answerJson, type Arrived, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { until } from '../support/until.js';

/** The receivers of docs/samples, with the notifications of a real gateway. */

const NEW_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

describe.each(SAMPLE_LANGUAGES)('the receiver in $name', (language) => {
  if (!isRunnable(language)) {
    it.todo(`is not tried: there is no ${language.needs[0]} here`);
    return;
  }
  let sample: Sample;
  let receiver: RunningSample;
  let external: StubExternal;
  let gateway: Gateway;

  beforeAll(async () => {
    sample = prepareSample('receiver', language);
    receiver = await runReceiver(sample, `${NOTIFICATION_SECRET} ${NEW_SECRET}`);
    external = await startStubExternal(acme);
    gateway = await startGateway({
      externals: [
        {
          externalService: 'acme',
          baseUrl: external.url,
          timeoutMs: 300,
          statusByShopTransactionId: true,
          operations: { 'refund/status': true },
        },
      ],
      receivers: [
        {
          receiver: 'erp',
          url: receiver.url,
          secret: NEW_SECRET,
          events: ['refund', 'subscription'],
        },
      ],
      env: {
        ...WATCHED,
        RECONCILIATION_SCHEDULE: '400ms,400ms,400ms,400ms,1h',
        PAYMENT_CALLBACK_URL: receiver.url,
        NOTIFICATION_SECRET,
      },
    });
  }, 150_000);
  afterAll(async () => {
    await gateway.close();
    await external.close();
    await receiver.stop();
    sample.dispose();
  });

  /** Settles every payment and refund that is queried, and cuts the connection of orders that it never executes. */
  function acme(
    { method, url, body }: Arrived,
    response: Parameters<typeof answerJson>[0],
  ): object | undefined {
    const query = new URL(url, 'http://acme').searchParams;
    if (url.startsWith('/refund/status'))
      return { status: 'ACCEPTED', refundId: query.get('refundId'), amount: 500, currency: 'EUR' };
    if (url.startsWith('/subscription/status')) return { status: 'PAST_DUE', subscriptionToken: 'tok_1' };
    if (method === 'GET') {
      const paymentId = query.get('paymentId');
      if (paymentId === null) return answerJson(response, 404, { detail: 'Never seen' });
      return { status: 'ACCEPTED', paymentId, shopTransactionId: paymentId.replace('pm_', '') };
    }
    if (url.startsWith('/refund')) return { result: 'PENDING', refundId: 'rf_1' };
    const { shopTransactionId } = JSON.parse(body) as { shopTransactionId: string };
    if (shopTransactionId.startsWith('never-')) return void response.destroy();
    return { result: 'PENDING', paymentId: `pm_${shopTransactionId}`, subscriptionToken: 'tok_1' };
  }

  const send = (path: string, body: object): Promise<Answer> =>
    call(`${gateway.url}/v3/acme/${path}`, 'POST', body);
  const admin = (path: string, body?: object): Promise<Answer> =>
    call(`${gateway.url}/admin/${path}`, body ? 'POST' : 'GET', body, ADMIN);
  const processed = (subject: string): string[] =>
    receiver
      .processed()
      .filter((line) => line.startsWith(`${subject} `))
      .map((line) => line.slice(subject.length + 1));
  const status = (body: object): object => ({ providerName: 'acme', ...body });
  const failed = (shopTransactionId: string): object => status({ status: 'FAILED', shopTransactionId });

  /** Posts what the gateway would, with `changes`. */
  async function forge(
    event: object,
    changes: {
      readonly id?: string;
      readonly version?: number;
      readonly header?: number;
      readonly ageS?: number;
      readonly secret?: string;
      readonly sent?: string;
    } = {},
  ): Promise<number> {
    const { version = 9, id = 'ntf_forged', secret = NOTIFICATION_SECRET } = changes;
    const body = JSON.stringify({ ...event, version });
    const timestampS = Math.floor(Date.now() / 1_000) - (changes.ageS ?? 0);
    const response = await fetch(receiver.url, {
      method: 'POST',
      body: changes.sent ?? body,
      headers: {
        'webhook-id': id,
        'webhook-timestamp': String(timestampS),
        'webhook-signature': signWebhook({ id, timestampS, body, secrets: [new Secret(secret)] }),
        'x-tollgate-event': 'payment',
        'x-payment-version': String(changes.header ?? version),
      },
    });
    return response.status;
  }

  it('processes a payment that a callback settles', async () => {
    await send('pay', payment('order-1'));
    await send('callback', { paymentId: 'pm_order-1' });
    await until(() => processed('acme/payment/pm_order-1').at(-1)?.endsWith(' ACCEPTED') === true, 'it');
  });

  it('processes a refund and a subscription, signed with the key of their receiver', async () => {
    const refund = { paymentId: 'pm_order-1', amount: 500, currency: 'EUR' };
    await send('refund', refund);
    await send('callback', { refundId: 'rf_1' });
    await until(() => processed('acme/refund/rf_1').at(-1)?.endsWith(' ACCEPTED') === true, 'the refund');
    await send('subscription/start', {
      ...payment('order-s'),
      subscriptionInfo: { interval: 'MONTH', intervalCount: 1 },
    });
    await send('callback', { subscriptionToken: 'tok_1' });
    for (const subject of ['acme/subscription/tok_1', 'acme/payment/pm_order-s'])
      await until(() => processed(subject).length === 1, subject);
  });

  it('answers replays and processes nothing twice', async () => {
    type Item = { id: string; event: string; deliveredAt?: string };
    const delivered = async (): Promise<Item[]> =>
      (await admin('notifications?state=DELIVERED')).body['items'] as Item[];
    const before = receiver.processed();
    const items = await delivered();
    for (const event of ['payment', 'refund', 'subscription']) {
      const { id, deliveredAt } = items.find((item) => item.event === event)!;
      expect((await admin(`notifications/${id}/replay`, {})).status).toBe(200);
      const isDeliveredAgain = async (): Promise<boolean> =>
        (await delivered()).some((item) => item.id === id && item.deliveredAt !== deliveredAt);
      await until(isDeliveredAgain, `the replay of the ${event}`);
    }
    expect(receiver.processed()).toEqual(before);
  });

  it('processes payments that were never executed, by their orders', async () => {
    await send('pay', payment('never-1'));
    await send('pay', payment('never-2'));
    for (const order of ['never-1', 'never-2'])
      await until(() => processed(`acme/order/${order}`).at(-1)?.endsWith(' FAILED') === true, order);
  });

  it('processes a payment without paymentId that an operator accepts, of a later attempt too', async () => {
    const subject = 'acme/order/order-2';
    expect(await forge(failed('order-2'), { id: 'ntf_first', version: 3 })).toBe(204);
    const paid = status({ status: 'ACCEPTED', shopTransactionId: 'order-2' });
    expect(await forge(paid, { id: 'ntf_second', version: 2 })).toBe(204);
    await until(() => processed(subject).length === 2, 'both');
    expect(processed(subject)).toEqual(['3 FAILED', '2 ACCEPTED']);
  });

  it('ignores a duplicate and an older version', async () => {
    const order = status({ paymentId: 'pm_3', shopTransactionId: 'order-3' });
    expect(await forge({ ...order, status: 'PENDING' }, { id: 'ntf_31', version: 1 })).toBe(204);
    expect(await forge({ ...order, status: 'ACCEPTED' }, { id: 'ntf_33', version: 3 })).toBe(204);
    expect(await forge({ ...order, status: 'ACCEPTED' }, { id: 'ntf_33', version: 3 })).toBe(204);
    expect(await forge({ ...order, status: 'FAILED' }, { id: 'ntf_32', version: 2 })).toBe(204);
    expect(await forge({ ...order, status: 'ACCEPTED' }, { id: 'ntf_34', version: 4 })).toBe(204);
    await until(() => processed('acme/payment/pm_3').includes('4 ACCEPTED'), 'the last one');
    expect(processed('acme/payment/pm_3')).toEqual(['1 PENDING', '3 ACCEPTED', '4 ACCEPTED']);
  });

  it('goes by the signed version, not by the header', async () => {
    const event = status({ status: 'FAILED', paymentId: 'pm_3', shopTransactionId: 'order-3' });
    expect(await forge(event, { id: 'ntf_header', version: 2, header: 99 })).toBe(204);
    expect(processed('acme/payment/pm_3')).not.toContain('2 FAILED');
  });

  it('lets no other payment of an order undo that it is paid', async () => {
    expect(await forge(failed('order-3'), { id: 'ntf_never', version: 7 })).toBe(204);
    const other = status({ status: 'FAILED', paymentId: 'pm_other', shopTransactionId: 'order-3' });
    expect(await forge(other, { id: 'ntf_other', version: 7 })).toBe(204);
    expect(await forge(failed('order-4'), { id: 'ntf_last', version: 1 })).toBe(204);
    await until(() => processed('acme/order/order-4').length === 1, 'the last one');
    expect([...processed('acme/order/order-3'), ...processed('acme/payment/pm_other')]).toEqual([]);
  });

  it('does not take an accepted refund for a payment of the order', async () => {
    const refund = { refundId: 're_5', paymentId: 'pm_5', shopTransactionId: 'order-5' };
    expect(await forge(status({ ...refund, status: 'ACCEPTED' }), { id: 'ntf_51', version: 1 })).toBe(204);
    expect(await forge(failed('order-5'), { id: 'ntf_52', version: 1 })).toBe(204);
    await until(() => processed('acme/order/order-5').length === 1, 'the payment');
  });

  it('accepts both keys during a rotation', async () => {
    const event = status({ status: 'ACCEPTED', paymentId: 'pm_6', shopTransactionId: 'order-6' });
    expect(await forge(event, { id: 'ntf_6', secret: NEW_SECRET })).toBe(204);
  });

  it.each([
    ['another key', { secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx' }],
    ['an old time', { ageS: 400 }],
    ['a time to come', { ageS: -400 }],
    ['another body', { sent: '{"status":"ACCEPTED","paymentId":"pm_7","providerName":"acme","version":9}' }],
  ])('refuses %s', async (_, changes) => {
    const event = status({ status: 'FAILED', paymentId: 'pm_7', shopTransactionId: 'order-7' });
    expect(await forge(event, { id: 'ntf_7', ...changes })).toBe(401);
    expect(processed('acme/payment/pm_7')).toEqual([]);
  });

  it('refuses an unsigned request', async () => {
    expect((await fetch(receiver.url, { method: 'POST', body: '{}' })).status).toBe(401);
  });
});
