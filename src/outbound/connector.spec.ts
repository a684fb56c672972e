import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Socket } from 'node:net';
import { RawExternal } from '../../test/support/raw-external.js';
import { until } from '../../test/support/until.js';
import { AddressGuard } from './address-guard.js';
import { connector } from './connector.js';

describe('connector', () => {
  let external: RawExternal | undefined;

  afterEach(async () => {
    jest.useRealTimers();
    await external?.close();
  });

  function dial(connect: ReturnType<typeof connector>, hostname: string, port: number): Promise<Socket> {
    return new Promise((resolve, reject) => {
      connect({ hostname, host: hostname, protocol: 'http:', port: String(port) }, (error, socket) =>
        error ? reject(error) : resolve(socket),
      );
    });
  }

  it.each([1, 20, 5_000])('gives up after %d ms, and not before', async (connectTimeoutMs) => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    const silent = new AddressGuard({ blockPrivateAddresses: false, resolve: () => {} });
    const ends: unknown[] = [];
    dial(connector({ guard: silent, connectTimeoutMs }), 'silent.test', 1).then(
      () => ends.push('connected'),
      (error: unknown) => ends.push(error),
    );
    await jest.advanceTimersByTimeAsync(connectTimeoutMs - 1);
    expect(ends).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(ends).toMatchObject([{ code: 'ETIMEDOUT' }]);
  });

  it('gives up within the time-out, and leaves no late connection behind', async () => {
    external = await RawExternal.listen();
    const resolved = Promise.withResolvers<void>();
    const guard = new AddressGuard({
      blockPrivateAddresses: false,
      resolve: (_name, _options, found) =>
        void resolved.promise.then(() => found(null, [{ address: '127.0.0.1', family: 4 }])),
    });
    const connect = connector({ guard, connectTimeoutMs: 20 });
    const startedAt = performance.now();
    await expect(dial(connect, 'late.test', external.port)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThanOrEqual(15);
    // undici's own limit would take half a second at least.
    expect(tookMs).toBeLessThan(400);
    expect(external.connections).toBe(0);

    resolved.resolve();
    await until(() => external!.connections === 1 && external!.openConnections === 0, 'it to be closed');
  });

  it('reads the client certificate at each connection', async () => {
    external = await RawExternal.listen();
    let asked = 0;
    const tls = (): undefined => void (asked += 1);
    const connect = connector({
      guard: new AddressGuard({ blockPrivateAddresses: false }),
      connectTimeoutMs: 1_000,
      tls,
    });
    for (let count = 0; count < 2; count += 1) (await dial(connect, '127.0.0.1', external.port)).destroy();
    expect(asked).toBe(2);
  });

  it('dials no address that the guard refuses', async () => {
    const connect = connector({
      guard: new AddressGuard({ blockPrivateAddresses: true }),
      connectTimeoutMs: 1_000,
    });
    await expect(dial(connect, '127.0.0.1', 1)).rejects.toMatchObject({ code: 'EADDRREFUSED' });
  });
});
