import { afterEach, describe, expect, it } from '@jest/globals';
import { buildConnector, type Dispatcher } from 'undici';
import { answer, RawExternal, type Script } from '../../test/support/raw-external.js';
import { until } from '../../test/support/until.js';
import { Exchange, ExchangeBroken, type ExternalAnswer, type ExternalRequest } from './exchange.js';
import { ExchangeHandler, UndiciAdapter } from './undici.adapter.js';

const request: ExternalRequest = {
  method: 'POST',
  target: '/base/pay',
  headers: { 'x-a': 'b' },
  body: '{"a":1}',
};
const controller = { abort: () => {} } as unknown as Dispatcher.DispatchController;

describe('ExchangeHandler', () => {
  function handler(): { handler: ExchangeHandler; exchange: Exchange; errors: Error[] } {
    const exchange = new Exchange(request, new AbortController().signal);
    const errors: Error[] = [];
    return {
      handler: new ExchangeHandler(
        exchange,
        () => {},
        (error) => errors.push(error),
      ),
      exchange,
      errors,
    };
  }

  it('lets no request be written a second time', () => {
    const { handler: followed, exchange } = handler();
    followed.onRequestStart(controller);
    expect(exchange.begun).toBe(true);
    expect(() => followed.onRequestStart(controller)).toThrow('never written twice');
  });

  it('lets no request be written after it was cancelled', () => {
    const { handler: followed, exchange, errors } = handler();
    exchange.cancel('deadline');
    expect(errors).toMatchObject([{ reason: 'deadline', begun: false }]);
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

  it('passes a defect of the gateway’s own through', () => {
    const { handler: followed, errors } = handler();
    followed.onResponseError(
      null,
      Object.assign(new Error('invalid header'), { code: 'UND_ERR_INVALID_ARG' }),
    );
    expect(errors[0]).not.toBeInstanceOf(ExchangeBroken);
  });
});

describe('UndiciAdapter', () => {
  const opened: { close(): Promise<void> }[] = [];

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((open) => open.close()));
  });

  async function start(
    script: Script,
  ): Promise<{ external: RawExternal; send: () => Promise<ExternalAnswer> }> {
    const external = await RawExternal.listen({ script });
    const adapter = new UndiciAdapter({
      origin: new URL(external.baseUrl).origin,
      connect: buildConnector({}),
    });
    opened.push(adapter, external);
    const send = async (): Promise<ExternalAnswer> => {
      const exchange = new Exchange(request, new AbortController().signal);
      const { data } = (await adapter.forExchange(exchange)({} as never)) as { data: ExternalAnswer };
      return data;
    };
    return { external, send };
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
});
