import { afterEach, describe, expect, it } from '@jest/globals';
import type { Socket } from 'node:net';
import type { ExternalConfig } from '../../src/config/external-config.js';
import type { HttpExternalProvider } from '../../src/providers/http-external-provider.js';
import { context, externalConfig, httpProvider, payRequest } from '../support/provider.js';
import { answer, RawExternal, type RawExternalOptions, type RawRequest } from '../support/raw-external.js';
import { until } from '../support/until.js';

/** `FAULT_ORDERS=240` sends as many orders as the report of the fault. */
const ORDERS = Number(process.env['FAULT_ORDERS'] ?? 60);
const WORKERS = 4;
/** Larger than the buffers of both kernels. */
const LARGE = { ...payRequest, providerData: { padding: 'x'.repeat(16 * 1_048_576) } };

/** What became of the orders. */
interface Tally {
  own: number;
  /** Completed with the `paymentId` of another order. */
  foreign: number;
  unknown: number;
  other: number;
}

describe('connections to an external that answers out of turn', () => {
  const opened: { close(): Promise<void> }[] = [];

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((open) => open.close()));
  });

  async function start(
    options: RawExternalOptions,
    config: Partial<ExternalConfig> = {},
  ): Promise<{ external: RawExternal; provider: HttpExternalProvider }> {
    const external = await RawExternal.listen(options);
    const provider = httpProvider(externalConfig({ baseUrl: external.baseUrl, ...config }));
    opened.push(provider, external);
    return { external, provider };
  }

  async function payAll(provider: HttpExternalProvider, orders = ORDERS): Promise<Tally> {
    const tally: Tally = { own: 0, foreign: 0, unknown: 0, other: 0 };
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < orders) {
        const shopTransactionId = `order-${next++}`;
        const outcome = await provider.pay({ ...payRequest, shopTransactionId }, context);
        if (outcome.kind === 'unknown') tally.unknown += 1;
        else if (outcome.kind !== 'completed') tally.other += 1;
        else if (outcome.answer.paymentId === shopTransactionId) tally.own += 1;
        else tally.foreign += 1;
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, work));
    return tally;
  }

  const paid = (socket: Socket, { body }: RawRequest): void => {
    const { shopTransactionId } = JSON.parse(body) as { shopTransactionId: string };
    answer(socket, 200, JSON.stringify({ result: 'OK', paymentId: shopTransactionId }));
  };

  it.each([
    ['{}', (socket: Socket) => answer(socket, 200, '{}')],
    ['504', (socket: Socket) => answer(socket, 504)],
    ['302', (socket: Socket) => answer(socket, 302, '', { location: '/elsewhere' })],
    ['409', (socket: Socket) => answer(socket, 409, '{}')],
  ])('gives no order the answer to another one: %s first, the true answer 3 ms later', async (_, first) => {
    const { provider } = await start({
      script: (socket, request) => {
        first(socket);
        setTimeout(() => paid(socket, request), 3);
      },
    });
    expect(await payAll(provider)).toEqual({ own: 0, foreign: 0, unknown: ORDERS, other: 0 });
  });

  it.each([
    ['a byte', 'x'],
    ['an empty line', '\r\n'],
    ['a whole answer', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'],
  ])('closes an idle connection on which the external sends %s', async (_, bytes) => {
    const { external, provider } = await start({ script: paid });
    let sent: Socket | undefined;
    external.script = (socket, request) => {
      paid(socket, request);
      sent = socket;
    };
    expect(await provider.pay(payRequest, context)).toMatchObject({ kind: 'completed' });
    await new Promise(setImmediate);
    expect(external.openConnections).toBe(1);
    sent!.write(bytes);
    await until(() => external.openConnections === 0, 'the connection to be closed', 2_000);
    expect(await payAll(provider, 4)).toEqual({ own: 4, foreign: 0, unknown: 0, other: 0 });
  });

  it.each([
    ['a success as unknown', 200, '{"result":"OK","paymentId":"pm_1"}', { kind: 'unknown', status: 200 }],
    ['a refusal as it is', 422, '{"detail":"no"}', { kind: 'rejected', detail: 'no' }],
  ])(
    'counts %s that comes before the request is sent whole, and closes',
    async (_, status, body, expected) => {
      const { external, provider } = await start({
        takeOver: true,
        // The external reads on only after its answer.
        onConnection: (socket) =>
          socket.once('readable', () => {
            answer(socket, status, body);
            setTimeout(() => socket.resume(), 3);
          }),
      });
      expect(await provider.pay(LARGE, context)).toMatchObject(expected);
      await until(() => external.openConnections === 0, 'the connection to be closed', 2_000);
    },
  );

  it('uses each connection once where the configuration says so', async () => {
    const twice = (socket: Socket, request: RawRequest): void => {
      paid(socket, request);
      setTimeout(() => paid(socket, request), 3);
    };
    const { external, provider } = await start({ script: twice }, { reuseConnections: false });
    expect(await payAll(provider)).toEqual({ own: ORDERS, foreign: 0, unknown: 0, other: 0 });
    expect(external.connections).toBe(ORDERS);
    expect(external.requests.every(({ headers }) => headers['connection'] === 'close')).toBe(true);
  });
});
