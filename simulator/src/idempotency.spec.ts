import { afterEach, describe, expect, it } from '@jest/globals';
import { ExternalClient, payBody, subscriptionBody } from '../../test/support/external-client.js';
import type { BookReport } from './book-report.js';
import { startSimulator, type Simulator, type SimulatorOptions } from './simulator.js';

let simulator: Simulator;

afterEach(() => simulator.close());

async function started(options: Partial<SimulatorOptions> = {}): Promise<ExternalClient> {
  simulator = await startSimulator({ port: 0, ...options });
  return new ExternalClient(simulator.url);
}

async function bookOf(client: ExternalClient, query = ''): Promise<BookReport> {
  return (await client.get(`/book${query}`)).body as unknown as BookReport;
}

describe('Idempotency-Key', () => {
  it('executes 50 equal concurrent calls once and reports it', async () => {
    const client = await started();
    const body = payBody();
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => client.post('/pay', body, { key: 'k' })),
    );
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
    const { totals, payments, doubles } = await bookOf(client);
    expect(totals.calls).toEqual({ received: 50, executed: 1, replayed: 49 });
    expect(payments).toEqual([
      expect.objectContaining({
        paymentId: replies[0]?.body?.paymentId,
        idempotencyKey: 'k',
        executions: 1,
        replays: 49,
        status: 'ACCEPTED',
        amount: 1_299,
        currency: 'EUR',
        shopTransactionId: body.shopTransactionId,
      }),
    ]);
    expect(doubles).toEqual({ byShopTransactionId: [], byIdempotencyKey: [] });
  });

  it('belongs to one path: the same key on another path is another call', async () => {
    const client = await started();
    const paid = await client.post('/pay', payBody(), { key: 'k' });
    const paymentId = paid.body?.paymentId;
    const refund = { amount: 1, currency: 'EUR', paymentId };
    const { body: refunded } = await client.post('/refund', refund, { key: 'k' });
    expect(refunded).toEqual({ result: 'OK', refundId: expect.any(String) });
    expect((await client.post('/refund', refund, { key: 'k' })).body).toEqual(refunded);
    const { totals, refunds } = await bookOf(client);
    expect(totals.calls).toEqual({ received: 3, executed: 2, replayed: 1 });
    expect(refunds).toEqual([expect.objectContaining({ amount: 1, replays: 1, idempotencyKey: 'k' })]);
  });

  it('rejects a key that was used for a different request', async () => {
    const client = await started();
    await client.post('/pay', payBody(), { key: 'k' });
    const { status, body } = await client.post('/pay', payBody(), { key: 'k' });
    expect({ status, body }).toEqual({
      status: 422,
      body: { detail: expect.stringContaining('Idempotency-Key') },
    });
    expect((await bookOf(client)).payments).toHaveLength(1);
  });

  it('rejects a key with other providerData, and knows the same in another order', async () => {
    const client = await started();
    const body = payBody({ providerData: { card: { token: 'a', name: 'b' }, items: [1, 2] } });
    const paid = await client.post('/pay', body, { key: 'k' });
    const { providerData: _, ...rest } = body;
    const reordered = { providerData: { items: [1, 2], card: { name: 'b', token: 'a' } }, ...rest };
    expect(await client.post('/pay', reordered, { key: 'k' })).toEqual(paid);
    for (const providerData of [undefined, { card: { token: 'a', name: 'b' }, items: [2, 1] }]) {
      const { status } = await client.post('/pay', { ...rest, providerData }, { key: 'k' });
      expect(status).toBe(422);
    }
    expect((await bookOf(client)).payments).toHaveLength(1);
  });

  it('counts the replays of DELETE', async () => {
    const client = await started();
    const { body } = await client.post('/subscription/start', subscriptionBody());
    const path = `/subscription/expire/${String(body?.subscriptionToken)}`;
    await client.delete(path, { key: 'k' });
    await client.delete(path, { key: 'k' });
    expect((await bookOf(client)).totals.calls).toEqual({ received: 3, executed: 2, replayed: 1 });
  });
});

describe('a double charge', () => {
  it('is reported by order where a repeat has no key', async () => {
    const client = await started();
    const { shopTransactionId } = payBody();
    const paymentIds = [];
    for (let round = 0; round < 2; round += 1) {
      const { body } = await client.post('/pay', payBody({ shopTransactionId }));
      paymentIds.push(body?.paymentId);
    }
    await client.post('/pay', payBody({ shopTransactionId, providerData: { scenario: 'decline' } }));
    const { doubles } = await bookOf(client);
    expect(doubles.byShopTransactionId).toEqual([{ shopTransactionId, executions: 2, paymentIds }]);
  });

  it('is reported by key where the external ignores the header', async () => {
    const client = await started({ honourIdempotencyKey: false });
    const body = payBody();
    const first = await client.post('/pay', body, { key: 'k' });
    const second = await client.post('/pay', body, { key: 'k' });
    expect(first.body?.paymentId).not.toBe(second.body?.paymentId);
    const { doubles, totals } = await bookOf(client);
    expect(totals.calls.executed).toBe(2);
    expect(doubles.byIdempotencyKey).toEqual([{ path: '/pay', idempotencyKey: 'k', executions: 2 }]);
    expect(doubles.byShopTransactionId).toHaveLength(1);
  });

  it('is not reported where a declined order is retried', async () => {
    const client = await started();
    const { shopTransactionId } = payBody();
    await client.post('/pay', payBody({ shopTransactionId, providerData: { scenario: 'decline' } }));
    await client.post('/pay', payBody({ shopTransactionId }));
    expect((await bookOf(client)).doubles.byShopTransactionId).toEqual([]);
  });
});

describe('the book', () => {
  it('drops the oldest final payments when it is full, never a pending one while others are evictable', async () => {
    const client = await started({ maxPayments: 10 });
    const pending = payBody({ providerData: { scenario: 'redirect' } });
    await client.post('/pay', pending);
    const orders = [];
    for (let round = 0; round < 25; round += 1) {
      const body = payBody();
      orders.push(body.shopTransactionId);
      await client.post('/pay', body);
    }
    const { payments, totals } = await bookOf(client);
    const kept = payments.map((payment) => (payment as { shopTransactionId: string }).shopTransactionId);
    expect(kept.length).toBeLessThanOrEqual(10);
    expect(totals.dropped).toBe(26 - kept.length);
    expect(kept).toEqual([pending.shopTransactionId, ...orders.slice(-(kept.length - 1))]);
    expect((await client.get(`/status?shopTransactionId=${String(orders[0])}`)).status).toBe(404);
  });

  it('can be limited to a payment or an order, and is deleted by DELETE', async () => {
    const client = await started();
    const body = payBody();
    const paid = await client.post('/pay', body, { key: 'k' });
    await client.post('/pay', payBody());
    await client.post('/pay', payBody({ providerData: { scenario: 'pending', delayMs: 10 } }));
    expect((await bookOf(client, `?paymentId=${String(paid.body?.paymentId)}`)).payments).toHaveLength(1);
    const byOrder = await bookOf(client, `?shopTransactionId=${String(body.shopTransactionId)}`);
    expect(byOrder.payments).toHaveLength(1);
    expect((await client.delete('/book')).status).toBe(200);
    const empty = await bookOf(client);
    expect(empty).toMatchObject({
      payments: [],
      totals: { calls: { received: 0, executed: 0, replayed: 0 } },
    });
    expect((await client.post('/pay', body, { key: 'k' })).body?.paymentId).not.toBe(paid.body?.paymentId);
  });
});
