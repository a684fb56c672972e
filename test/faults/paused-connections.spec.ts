import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AddressGuard } from '../../src/outbound/address-guard.js';
import { Exchange, type OutboundAnswer } from '../../src/outbound/exchange.js';
import { OutboundClient } from '../../src/outbound/outbound-client.js';
import { PauseDetector } from '../../src/outbound/pause-detector.js';
import { answer, RawExternal } from '../support/raw-external.js';
import { until } from '../support/until.js';

/** `FAULT_PAUSE_MS=35000` stops the process as long as the report of the fault. */
const PAUSE_MS = Number(process.env['FAULT_PAUSE_MS'] ?? 4_000);

describe('connections from before a pause of the process', () => {
  const opened: { close(): Promise<void> }[] = [];

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((open) => open.close()));
  });

  async function start(onResolve = (): void => {}): Promise<{
    external: RawExternal;
    clocks: { monotonicMs: number; wallMs: number };
    send: () => Promise<OutboundAnswer>;
  }> {
    const external = await RawExternal.listen();
    const clocks = { monotonicMs: 0, wallMs: 0 };
    const client = new OutboundClient({
      guard: new AddressGuard({
        blockPrivateAddresses: false,
        resolve: (_name, _options, found) => {
          onResolve();
          found(null, [{ address: '127.0.0.1', family: 4 }]);
        },
      }),
      connectTimeoutMs: 1_000,
      maxAnswerBytes: 1_000,
      pauses: new PauseDetector({ monotonic: () => clocks.monotonicMs, wall: () => clocks.wallMs }),
    });
    opened.push(client, external);
    const origin = `http://external.test:${external.port}`;
    const send = async (): Promise<OutboundAnswer> => {
      const received = await client.send(
        new Exchange({ method: 'POST', origin, target: '/pay', headers: {}, body: '{}' }),
      );
      // undici frees the connection a turn after the answer.
      await new Promise(setImmediate);
      return received;
    };
    return { external, clocks, send };
  }

  it.each([
    ['the process was stopped', { monotonicMs: 35_000, wallMs: 35_000 }],
    ['the machine was suspended, which the monotonic clock misses', { monotonicMs: 0, wallMs: 35_000 }],
  ])('are not used after %s', async (_, paused) => {
    const { external, clocks, send } = await start();
    await send();
    await send();
    expect(external.connections).toBe(1);
    Object.assign(clocks, paused);
    await send();
    expect(external.requests.map(({ connection }) => connection)).toEqual([1, 1, 2]);
    await until(() => external.openConnections === 1, 'the earlier connection to be closed');
  });

  it('are not used for a request that waited for one: nothing is sent', async () => {
    const pause = { due: true };
    const { external, clocks, send } = await start(() => {
      if (pause.due) clocks.monotonicMs = clocks.wallMs = 35_000;
      pause.due = false;
    });
    await expect(send()).rejects.toMatchObject({ reason: 'no-connection', begun: false });
    expect(external.requests).toEqual([]);
    expect(await send()).toMatchObject({ status: 200 });
  });

  it(
    'are not used after SIGSTOP and SIGCONT, not even by a request that waited in the kernel',
    async () => {
      // The announced time-out keeps the connection for 30 s.
      const external = await RawExternal.listen({
        script: (socket) => answer(socket, 200, '{}', { 'keep-alive': 'timeout=60' }),
      });
      opened.push(external);
      const origin = `http://127.0.0.1:${external.port}`;
      const child = spawn(
        process.execPath,
        ['--import', './test/support/typescript-hooks.js', 'test/support/exchange-sender.ts', origin],
        { stdio: ['pipe', 'pipe', 'inherit'] },
      );
      try {
        await once(child.stdout, 'data');
        child.stdin.write('1\n');
        await once(child.stdout, 'data');
        child.kill('SIGSTOP');
        const stoppedAt = performance.now();
        child.stdin.write('2\n');
        await until(() => performance.now() - stoppedAt > PAUSE_MS, 'the pause', PAUSE_MS + 10_000);
        child.kill('SIGCONT');
        await once(child.stdout, 'data');
        expect(external.requests.map(({ connection }) => connection)).toEqual([1, 2]);
      } finally {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    },
    PAUSE_MS + 30_000,
  );
});
