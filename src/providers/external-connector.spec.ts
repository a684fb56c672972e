import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Socket } from 'node:net';
import { RawExternal } from '../../test/support/raw-external.js';
import { until } from '../../test/support/until.js';
import { AddressGuard } from '../security/address-guard.js';
import { externalConnector } from './external-connector.js';

describe('externalConnector', () => {
  let external: RawExternal | undefined;

  afterEach(async () => {
    jest.useRealTimers();
    await external?.close();
  });

  function dial(
    connect: ReturnType<typeof externalConnector>,
    hostname: string,
    port: number,
  ): Promise<Socket> {
    return new Promise((resolve, reject) => {
      connect({ hostname, host: hostname, protocol: 'http:', port: String(port) }, (error, socket) =>
        error ? reject(error) : resolve(socket),
      );
    });
  }

  it.each([
    [1, 1],
    [40, 20],
    [9_999, 4_999],
    [10_000, 5_000],
    [600_000, 5_000],
  ])('with a time-out of %d ms gives up after %d ms', async (timeoutMs, givesUpAfterMs) => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    const silent = new AddressGuard({ blockPrivateAddresses: false, resolve: () => {} });
    const ends: unknown[] = [];
    dial(externalConnector(silent, { tls: () => undefined }, timeoutMs), 'silent.test', 1).then(
      () => ends.push('connected'),
      (error: unknown) => ends.push(error),
    );
    await jest.advanceTimersByTimeAsync(givesUpAfterMs - 1);
    expect(ends).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(ends).toMatchObject([{ code: 'ETIMEDOUT' }]);
  });

  it('gives up within half of the time-out, and leaves no late connection behind', async () => {
    external = await RawExternal.listen();
    const resolved = Promise.withResolvers<void>();
    const guard = new AddressGuard({
      blockPrivateAddresses: false,
      resolve: (_name, _options, found) =>
        void resolved.promise.then(() => found(null, [{ address: '127.0.0.1', family: 4 }])),
    });
    const connect = externalConnector(guard, { tls: () => undefined }, 40);
    await expect(dial(connect, 'late.test', external.port)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(external.connections).toBe(0);

    resolved.resolve();
    await until(() => external!.connections === 1 && external!.openConnections === 0, 'it to be closed');
  });

  it('asks for the client certificate at each connection', async () => {
    external = await RawExternal.listen();
    let asked = 0;
    const tls = (): undefined => void (asked += 1);
    const connect = externalConnector(new AddressGuard({ blockPrivateAddresses: false }), { tls }, 2_000);
    for (let count = 0; count < 2; count += 1) (await dial(connect, '127.0.0.1', external.port)).destroy();
    expect(asked).toBe(2);
  });

  it('dials no address that the guard refuses', async () => {
    const connect = externalConnector(
      new AddressGuard({ blockPrivateAddresses: true }),
      { tls: () => undefined },
      2_000,
    );
    await expect(dial(connect, '127.0.0.1', 1)).rejects.toMatchObject({ code: 'EADDRREFUSED' });
  });
});
