import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Gateway, startGateway } from '../support/gateway.js';

/** The routes that the console needs beside the lists: who I am, search, refunds, cancellation. */

const ADMIN = 'an-admin-key-of-these-tests';
const READER = 'a-reader-key-of-these-tests';
const SHOP = 'a-shop-key-of-these-tests';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { readonly items?: readonly Record<string, unknown>[] };
  readonly text: string;
  readonly headers: Headers;
}

describe('the routes of the console', () => {
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await startGateway({
      env: {
        API_AUTH: 'required',
        API_KEYS: `boss:${ADMIN}:admin,reader:${READER}:admin-read,shop:${SHOP}`,
        TRACE_URL_TEMPLATE: 'https://traces.example.com/{traceId}',
      },
    });
  });
  afterAll(() => gateway.close());

  async function send(
    method: string,
    path: string,
    { key = ADMIN, body, headers }: { key?: string; body?: object; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const response = await fetch(gateway.url + path, {
      method,
      headers: {
        'X-Api-Key': key,
        ...(body && { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      text,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : {}) as Answer['body'],
    };
  }

  async function pay(order: string, amount = 1_299, traceId?: string): Promise<Answer> {
    return send('POST', '/v3/simulator/pay', {
      key: SHOP,
      headers: { ...(traceId && { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }) },
      body: {
        shopTransactionId: order,
        amount,
        currency: 'EUR',
      },
    });
  }

  const found = async (q: string): Promise<readonly string[]> => {
    const { status, body } = await send('GET', `/admin/search?q=${encodeURIComponent(q)}`);
    expect(status).toBe(200);
    return body.items!.map(({ kind, matched }) => `${String(kind)} by ${String(matched)}`);
  };

  it('names the operator and what they may do', async () => {
    expect((await send('GET', '/admin/me')).body).toEqual({
      name: 'boss',
      scopes: ['admin-read', 'admin-act', 'admin-settle'],
      traceUrlTemplate: 'https://traces.example.com/{traceId}',
    });
    expect((await send('GET', '/admin/me', { key: READER })).body).toMatchObject({ scopes: ['admin-read'] });
    expect((await send('GET', '/admin/me', { key: SHOP })).status).toBe(403);
  });

  it('finds a payment by each of its ids', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const paid = await pay('found-by-everything', 1_299, traceId);
    const [payment] = (await send('GET', '/admin/payments?shopTransactionId=found-by-everything')).body
      .items!;
    expect(await found('found-by-everything')).toEqual(['payment by shopTransactionId']);
    expect(await found(String(payment!['id']))).toEqual(['payment by id']);
    expect(await found(String(paid.body['paymentId']))).toEqual(['payment by paymentId']);
    expect(await found(paid.headers.get('x-request-id')!)).toContain('operation by requestId');
    expect(await found(traceId)).toContain('operation by traceId');
    expect(await found('nothing-like-it')).toEqual([]);
  });

  it('finds and lists a refund, also as CSV', async () => {
    const { body } = await pay('refunded');
    const paymentId = String(body['paymentId']);
    const refunded = await send('POST', '/v3/simulator/refund', {
      key: SHOP,
      body: { paymentId, amount: 500, currency: 'EUR' },
    });
    expect(refunded.body).toMatchObject({ result: 'OK' });
    expect(await found(String(refunded.body['refundId']))).toContain('refund by refundId');
    const list = await send('GET', `/admin/refunds?paymentId=${paymentId}`);
    expect(list.body.items).toEqual([expect.objectContaining({ paymentId, amount: 500, state: 'OK' })]);
    const csv = await send('GET', '/admin/refunds', { headers: { Accept: 'text/csv' } });
    expect(csv.text).toMatch(/^id,payment,external,paymentId,state,refundId,amount,currency,/);
    expect(csv.text).toContain(`,${paymentId},OK,`);
    for (const query of ['state=OK', 'state=UNKNOWN', 'external=simulator&currency=EUR'])
      expect((await send('GET', `/admin/refunds?${query}`)).status).toBe(200);
  });

  it('names the payment and the order of what it finds', async () => {
    const { body } = await pay('order-of-a-refund');
    const headers = { 'X-Request-Id': 'the-request-of-a-refund' };
    const refund = { paymentId: String(body['paymentId']), amount: 500, currency: 'EUR' };
    const refunded = await send('POST', '/v3/simulator/refund', { key: SHOP, body: refund, headers });
    const scheduled = await send('POST', '/v3/simulator/subscription/schedule', {
      key: SHOP,
      body: {
        shopTransactionId: 'order-of-a-subscription',
        amount: 999,
        currency: 'EUR',
        subscriptionInfo: { interval: 'MONTH', intervalCount: 1 },
      },
    });
    const order = { shopTransactionId: 'order-of-a-refund' };
    const [payment] = (await send('GET', '/admin/payments?shopTransactionId=order-of-a-refund')).body.items!;
    const about = { payment: payment!['id'], ...order };
    const hits = async (q: unknown): Promise<unknown> =>
      (await send('GET', `/admin/search?q=${String(q)}`)).body.items;
    expect(await hits(body['paymentId'])).toEqual([expect.objectContaining({ kind: 'payment', ...about })]);
    expect(await hits(refunded.body['refundId'])).toEqual([
      expect.objectContaining({ kind: 'refund', ...about }),
    ]);
    expect(await hits('the-request-of-a-refund')).toEqual([
      expect.objectContaining({ kind: 'operation', ...about }),
    ]);
    expect(await hits(scheduled.body['subscriptionToken'])).toContainEqual(
      expect.objectContaining({ kind: 'subscription', shopTransactionId: 'order-of-a-subscription' }),
    );
  });

  it('refuses a search without a text', async () => {
    expect((await send('GET', '/admin/search')).status).toBe(400);
    expect((await send('GET', '/admin/search?q=x', { key: SHOP })).status).toBe(403);
  });

  it('refuses to cancel what cannot be cancelled, and records the act', async () => {
    await pay('cannot-be-cancelled');
    const [payment] = (await send('GET', '/admin/payments?shopTransactionId=cannot-be-cancelled')).body
      .items!;
    const path = `/admin/payments/${String(payment!['id'])}/cancel`;
    const body = { reason: 'ticket 4711' };
    expect((await send('POST', path, { body, key: READER })).status).toBe(403);
    expect((await send('POST', path, { body: {} })).status).toBe(400);
    const refused = await send('POST', path, { body });
    expect([refused.status, refused.body['code']]).toEqual([409, 'payment-not-pending']);
    const { items } = (await send('GET', `/admin/audit?subject=${String(payment!['id'])}`)).body;
    expect(items).toContainEqual(
      expect.objectContaining({
        action: 'cancelPaymentById',
        reason: 'ticket 4711',
        result: 'failed',
        change: 'payment-not-pending',
      }),
    );
  });
});
