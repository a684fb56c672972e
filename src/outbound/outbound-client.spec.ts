import { afterEach, describe, expect, it } from '@jest/globals';
import type { Dispatcher } from 'undici';
import { answer, RawExternal, type Script } from '../../test/support/raw-external.js';
import { until } from '../../test/support/until.js';
import { AddressGuard } from './address-guard.js';
import { ExchangeHandler } from './exchange.handler.js';
import { Exchange, ExchangeBroken, type OutboundAnswer, type OutboundRequest } from './exchange.js';
import { outboundHttpService } from './http-service.js';
import type { OutboundClientOptions } from './network.js';
import { OutboundClient } from './outbound-client.js';

const request: OutboundRequest = {
  method: 'POST',
  origin: 'https://acme.test',
  target: '/base/pay',
  headers: { 'x-a': 'b' },
  body: '{"a":1}',
};
const controller = { abort: () => {} } as unknown as Dispatcher.DispatchController;

describe('ExchangeHandler', () => {
  function handler(): { handler: ExchangeHandler; exchange: Exchange; errors: Error[] } {
    const exchange = new Exchange(request);
    const errors: Error[] = [];
    return {
      handler: new ExchangeHandler(
        exchange,
        1_000,
        () => {},
        (error) => errors.push(error),
      ),
      exchange,
      errors,
    };
  }

  it('never writes a request a second time', () => {
    const { handler: followed, exchange } = handler();
    followed.onRequestStart(controller);
    expect(exchange.begun).toBe(true);
    expect(() => followed.onRequestStart(controller)).toThrow('never written twice');
  });

  it('never writes a cancelled request', () => {
    const { handler: followed, exchange, errors } = handler();
    exchange.cancel('superseded');
    expect(errors).toMatchObject([{ reason: 'superseded', begun: false }]);
    expect(() => followed.onRequestStart(controller)).toThrow('Cancelled');
    expect(exchange.begun).toBe(false);
  });

  it('ends once', () => {
    const { handler: followed, exchange, errors } = handler();
    followed.onRequestStart(controller);
    followed.onResponseError(controller, new Error('first'));
    followed.onResponseError(controller, new Error('second'));
    followed.onResponseEnd();
    exchange.cancel('superseded');
    expect(errors).toMatchObject([{ reason: 'cut', begun: true }]);
  });

  it('rejects with an internal error as it is', () => {
    const { handler: followed, errors } = handler();
    followed.onResponseError(
      null,
      Object.assign(new Error('invalid header'), { code: 'UND_ERR_INVALID_ARG' }),
    );
    expect(errors[0]).not.toBeInstanceOf(ExchangeBroken);
  });
});

describe('OutboundClient', () => {
  const opened: { close(): Promise<void> }[] = [];

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((open) => open.close()));
  });

  async function start(
    script: Script,
    options: Partial<OutboundClientOptions> = {},
  ): Promise<{ external: RawExternal; client: OutboundClient; send: () => Promise<OutboundAnswer> }> {
    const external = await RawExternal.listen({ script });
    const client = new OutboundClient({
      guard: new AddressGuard({ blockPrivateAddresses: false }),
      connectTimeoutMs: 1_000,
      maxAnswerBytes: 1_000,
      ...options,
    });
    opened.push(client, external);
    const { origin } = new URL(external.baseUrl);
    return { external, client, send: () => client.send(new Exchange({ ...request, origin })) };
  }

  it('sends what it was given, and reads the answer to its end', async () => {
    const { external, send } = await start((socket) => answer(socket, 418, 'tea', { 'x-reply': 'yes' }));
    expect(await send()).toMatchObject({
      status: 418,
      headers: { 'x-reply': 'yes' },
      body: Buffer.from('tea'),
    });
    expect(external.requests).toMatchObject([
      {
        method: 'POST',
        target: '/base/pay',
        headers: { 'x-a': 'b', 'content-length': '7' },
        body: '{"a":1}',
      },
    ]);
  });

  it('writes nothing where the caller refuses right before the first byte, and keeps the connection', async () => {
    const { external, client, send } = await start((socket) => answer(socket, 200, '{}'));
    await send();
    // undici frees the connection a turn after the answer.
    await new Promise(setImmediate);
    const refusal = new Error('too late');
    const beforeSend = (): void => {
      throw refusal;
    };
    const { origin } = new URL(external.baseUrl);
    await expect(client.send(new Exchange({ ...request, origin }, { beforeSend }))).rejects.toMatchObject({
      reason: 'refused',
      begun: false,
      cause: refusal,
    });
    await send();
    expect(external.requests).toHaveLength(2);
    expect(external.connections).toBe(1);
  });

  it('drops an idle socket well before the external does', async () => {
    const { external, send } = await start((socket) =>
      answer(socket, 200, '{}', { connection: 'keep-alive', 'keep-alive': 'timeout=3' }),
    );
    await send();
    const startedAt = performance.now();
    expect(external.openConnections).toBe(1);
    await until(() => external.openConnections === 0, 'the socket to be dropped');
    expect(performance.now() - startedAt).toBeLessThan(2_500);
  });

  it('ends an exchange at its deadline and when its signal aborts', async () => {
    const { external, client } = await start(() => {});
    const { origin } = new URL(external.baseUrl);
    const late = client.send(new Exchange({ ...request, origin }, { timeoutMs: 30 }));
    await expect(late).rejects.toMatchObject({ reason: 'deadline', begun: true });
    const abort = new AbortController();
    const aborted = client.send(new Exchange({ ...request, origin }, { signal: abort.signal }));
    await until(() => external.requests.length === 2, 'the request to be received');
    abort.abort();
    await expect(aborted).rejects.toMatchObject({ reason: 'aborted', begun: true });
  });

  it('breaks an answer above the limit off, and reports what was received', async () => {
    const { send } = await start((socket) => answer(socket, 200, 'x'.repeat(1_001)));
    await expect(send()).rejects.toMatchObject({
      reason: 'too-large',
      begun: true,
      partial: { status: 200 },
    });
  });

  it('opens a new connection once one is older than the maximum age', async () => {
    const { external, send } = await start((socket) => answer(socket, 200, '{}'), { maxConnectionAgeMs: 50 });
    await send();
    // undici frees the connection a turn after the answer.
    await new Promise(setImmediate);
    await send();
    expect(external.connections).toBe(1);
    const startedAt = performance.now();
    await until(() => performance.now() - startedAt > 60, 'the age to be reached');
    await send();
    expect(external.connections).toBe(2);
  });

  it('carries axios for callers that want its interceptors', async () => {
    const { external, client } = await start((socket) =>
      answer(socket, 404, 'nothing', { 'x-reply': 'yes' }),
    );
    const { axiosRef } = outboundHttpService(client);
    axiosRef.interceptors.request.use((config) => {
      config.headers.set('x-added', 'yes');
      return config;
    });
    const url = new URL('/a?b=c', external.baseUrl).href;
    await expect(axiosRef.get(url)).rejects.toMatchObject({ response: { status: 404, data: 'nothing' } });
    expect(external.requests).toMatchObject([
      { method: 'GET', target: '/a?b=c', headers: { 'x-added': 'yes' } },
    ]);
  });
});
