import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Module } from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type KnownNotification, MemoryNotificationStore, type ReceiverOptions } from '@tollgate/client';
import { expressReceiver } from '@tollgate/client/express';
import { fastifyReceiver } from '@tollgate/client/fastify';
import { TollgateReceiverModule } from '@tollgate/client/nestjs';
import express from 'express';
import fastify from 'fastify';
import { Webhook } from 'standardwebhooks';
import { call } from '../support/client.js';
import { NOTIFICATION_SECRET } from '../support/delivery.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';
import { until } from '../support/until.js';

/** The handlers for frameworks, with the notifications of a real gateway and those of an attacker. */

const ADMIN = { authorization: 'Bearer admin-secret' };
const PATH = '/hooks/tollgate';
const WRONG_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

interface Running {
  readonly url: string;
  close(): Promise<unknown>;
}
type Start = (options: ReceiverOptions<undefined>) => Promise<Running>;

async function listen(server: Server): Promise<Running> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

const startExpress: Start = (options) => {
  const app = express();
  app.post(PATH, expressReceiver(options));
  app.use(express.json());
  app.post('/parsed', expressReceiver(options), (_request, response) => void response.end());
  app.post('/other', (request, response) => void response.json(request.body));
  return listen(createServer(app as RequestListener));
};

const startFastify: Start = async (options) => {
  const app = fastify();
  await app.register(fastifyReceiver(options), { prefix: PATH });
  app.post('/other', (request) => request.body);
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
};

const nestOn =
  (adapter: () => AbstractHttpAdapter): Start =>
  async (options) => {
    @Module({ providers: [{ provide: 'OPTIONS', useValue: options }], exports: ['OPTIONS'] })
    class OptionsModule {}
    @Module({
      imports: [
        TollgateReceiverModule.registerAsync({
          path: PATH,
          imports: [OptionsModule],
          inject: ['OPTIONS'],
          useFactory: (injected: ReceiverOptions<undefined>) => injected,
        }),
      ],
    })
    class AppModule {}
    const app = await NestFactory.create(AppModule, adapter(), { rawBody: true, logger: false });
    await app.listen(0, '127.0.0.1');
    return { url: (await app.getUrl()).replace('[::1]', '127.0.0.1'), close: () => app.close() };
  };

describe.each<[string, Start]>([
  ['Express', startExpress],
  ['Fastify', startFastify],
  ['Nest', nestOn(() => new ExpressAdapter())],
  ['Nest on Fastify', nestOn(() => new FastifyAdapter())],
])('the handler for %s', (name, start) => {
  const processed: KnownNotification[] = [];
  const memory = new MemoryNotificationStore();
  /** Verified requests. */
  let received = 0;
  let failures = 0;
  let status: string;
  /** The external executes nothing, and cuts the connection. */
  let cut = false;
  let external: StubExternal;
  let receiver: Running;
  let gateway: Gateway;

  beforeAll(async () => {
    external = await startStubExternal(({ method, url }, response) => {
      if (cut) return void response.destroy();
      if (method === 'POST') return { result: 'OK', paymentId: 'pm_1', refundId: 'rf_1' };
      if (url.includes('/refund/')) return { status: 'FAILED', refundId: 'rf_1' };
      return { status, paymentId: 'pm_1', shopTransactionId: 'order-1', metadata: { text: 'ä☃ \u2028' } };
    });
    receiver = await start({
      secrets: NOTIFICATION_SECRET,
      store: {
        transaction: (work) => {
          received += 1;
          return memory.transaction(work);
        },
      },
      process: (notification) => {
        if (failures-- > 0)
          throw Object.assign(new Error('the database is away'), { status: 410, statusCode: 410 });
        processed.push(notification);
      },
    });
    gateway = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url, operations: { 'refund/status': true } }],
      // Everything is sent twice at the same time, as to two replicas with one store.
      receivers: ['shop', 'second'].map((name) => ({
        receiver: name,
        url: receiver.url + PATH,
        secret: NOTIFICATION_SECRET,
        events: ['payment', 'refund'],
      })),
      env: {
        PAYMENT_CALLBACK_URL: `${external.url}/nobody`,
        NOTIFICATION_SECRET,
        NOTIFICATION_SCHEDULE: '20ms,20ms,20ms',
        API_KEYS: 'admin:admin-secret:admin+read+payments+refunds',
      },
    });
  });
  afterAll(async () => {
    await gateway.close();
    await receiver.close();
    await external.close();
  });

  const check = () => call(`${gateway.url}/v3/acme/check?paymentId=pm_1`, 'GET', undefined, ADMIN);
  const delivered = async (count: number): Promise<void> => {
    const path = '/admin/notifications?state=DELIVERED';
    await until(async () => {
      const { body } = await call(gateway.url + path, 'GET', undefined, ADMIN);
      const items = body['items'] as { receiver: string }[];
      return items.filter(({ receiver }) => receiver !== 'payment-callback').length === 2 * count;
    }, `${count} deliveries to both`);
  };

  /** As the gateway, or an attacker, would send it. */
  function send(data: object, { secret = NOTIFICATION_SECRET, ageS = 0, id = 'ntf_x', path = PATH } = {}) {
    const body = JSON.stringify(data);
    const sentAt = new Date(Math.floor(Date.now() / 1_000 - ageS) * 1_000);
    return call(receiver.url + path, 'POST', body, {
      'webhook-id': id,
      'webhook-timestamp': String(sentAt.getTime() / 1_000),
      'webhook-signature': new Webhook(secret).sign(id, sentAt, body),
      // Not signed, so that it decides nothing.
      'x-tollgate-event': 'foo',
    });
  }
  const notification = (version: number, more: object = {}): object => ({
    status: 'FAILED',
    paymentId: 'pm_1',
    shopTransactionId: 'order-1',
    providerName: 'acme',
    version,
    ...more,
  });

  it('processes what the gateway sends, byte for byte', async () => {
    status = 'PENDING';
    const { body } = await check();
    await delivered(1);
    expect(processed).toMatchObject([{ event: 'payment', data: { ...body, version: 1 } }]);
  });

  it('receives again what it failed to process, whatever status the error has', async () => {
    failures = 2;
    status = 'ACCEPTED';
    await check();
    await delivered(2);
    expect(processed.map(({ data }) => data.status)).toEqual(['PENDING', 'ACCEPTED']);
  });

  it('drops what an operator replays', async () => {
    const { id } = processed[1]!;
    const before = received;
    await call(`${gateway.url}/admin/notifications/${id}/replay`, 'POST', undefined, ADMIN);
    await until(() => received === before + 1, 'the replay');
    expect(processed).toHaveLength(2);
  });

  it('answers 2xx to a replay and to an older version, and processes neither', async () => {
    const { data } = processed[1]!;
    expect(await send(data)).toMatchObject({ status: 200, body: { result: 'outdated' } });
    expect(await send(notification(1), { id: 'ntf_old' })).toMatchObject({
      status: 200,
      body: { result: 'outdated' },
    });
    expect(await send(notification(9, { paymentId: undefined }))).toMatchObject({
      body: { result: 'outdated' },
    });
    expect(processed).toHaveLength(2);
  });

  it.each([
    ['a forged one', 401, 'bad-signature', { secret: WRONG_SECRET }],
    ['one of ten minutes ago', 401, 'too-old', { ageS: 600 }],
    ['one of the future', 401, 'too-new', { ageS: -600 }],
  ])('refuses %s', async (_, expected, reason, changes) => {
    const answer = await send(notification(99), changes);
    expect(answer).toMatchObject({ status: expected, body: { result: 'refused', reason } });
    expect(processed).toHaveLength(2);
  });

  it('refuses what no gateway sends', async () => {
    expect(await call(receiver.url + PATH, 'POST', '{}')).toMatchObject({ status: 401 });
    expect((await send({ hello: 'world' })).status).toBe(400);
    expect((await call(receiver.url + PATH, 'POST', 'x'.repeat(3 * 1024 * 1024))).status).toBe(413);
    expect(processed).toHaveLength(2);
  });

  it('tells refunds from payments', async () => {
    const order = { amount: 1_299, currency: 'EUR', shopTransactionId: 'order-1' };
    await call(`${gateway.url}/v3/acme/pay`, 'POST', order, ADMIN);
    await call(
      `${gateway.url}/v3/acme/refund`,
      'POST',
      { amount: 1, currency: 'EUR', paymentId: 'pm_1' },
      ADMIN,
    );
    await call(`${gateway.url}/v3/acme/callback?refundId=rf_1`, 'GET');
    await until(() => processed.some(({ event }) => event === 'refund'), 'the refund');
    const { data } = processed.find(({ event }) => event === 'refund')!;
    expect(data).toMatchObject({ status: 'FAILED', refundId: 'rf_1', amount: 1, providerName: 'acme' });
  });

  it('processes a payment whose id nobody knows by its order', async () => {
    cut = true;
    const order = { amount: 1_299, currency: 'EUR', shopTransactionId: 'order-9' };
    await call(`${gateway.url}/v3/acme/pay`, 'POST', order, ADMIN);
    await call(`${gateway.url}/v3/acme/check?shopTransactionId=order-9`, 'GET', undefined, ADMIN);
    const ofOrder = () =>
      processed.filter(({ data }) => 'shopTransactionId' in data && data.shopTransactionId === 'order-9');
    await until(() => ofOrder().length === 1, 'the notification');
    expect(ofOrder()[0]!.data).toMatchObject({ status: 'PENDING' });
    expect(ofOrder()[0]!.data).not.toHaveProperty('paymentId');
    cut = false;
  });

  it('leaves the other routes alone', async () => {
    if (name.startsWith('Nest')) return;
    expect((await call(`${receiver.url}/other`, 'POST', { a: 1 })).body).toEqual({ a: 1 });
  });

  it('says so where a parser took the bytes before', async () => {
    if (name !== 'Express') return;
    const { status: answered, text } = await send(notification(99), { path: '/parsed' });
    // Express' own error handler logs the stack and shows it outside production.
    expect([answered, text]).toEqual([500, expect.stringContaining('was not processed')]);
  });
});
