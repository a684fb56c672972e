import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { exchange, openSocket } from '../../test/support/raw-socket.js';
import { until } from '../../test/support/until.js';
import { PublicListener } from './public-listener.js';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const LAST_GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

describe('PublicListener', () => {
  let server: Server;
  let listener: PublicListener;
  let address: AddressInfo;
  const sockets: Socket[] = [];

  const listen = (own: Server, of: PublicListener, port: number): Promise<AddressInfo> =>
    of.listen({ init: async () => {}, getHttpServer: () => own } as unknown as NestExpressApplication, {
      port,
      host: '127.0.0.1',
    });
  const connections = (count: number): Socket[] => {
    const opened = Array.from({ length: count }, () => openSocket(`http://127.0.0.1:${address.port}`));
    sockets.push(...opened);
    return opened;
  };

  beforeEach(async () => {
    server = createServer((_, response) => response.end('received'));
    listener = new PublicListener();
    address = await listen(server, listener, 0);
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.closeAllConnections();
    await listener.close(0);
  });

  it('accepts many connections in one turn of the event loop', async () => {
    let accepted = 0;
    server.on('connection', () => (accepted += 1));
    connections(64);
    let most = 0;
    for (let before = 0; before < 64; before = accepted) {
      await setImmediate();
      most = Math.max(most, accepted - before);
    }
    expect(most).toBeGreaterThanOrEqual(8);
  });

  it('refuses connections before Node makes sockets of them', async () => {
    const other = new PublicListener();
    const own = createServer((_, response) => response.end('received'));
    other.refuses = (from) => from === '127.0.0.2';
    const { port } = await listen(own, other, 0);
    let accepted = 0;
    own.on('connection', () => (accepted += 1));
    let refused = 0;
    for (let count = 0; count < 64; count += 1) {
      const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' }).on('error', () => {});
      sockets.push(socket.resume().on('close', () => (refused += 1)));
    }
    await until(() => refused + accepted === 64, 'an end of all of them');
    // The HTTP server's own socket, one of many, does not ask.
    expect(accepted).toBeLessThan(16);
    expect((await exchange(`http://127.0.0.1:${port}`, LAST_GET)).status).toBe(200);
    own.closeAllConnections();
    await other.close(0);
  });

  it('serves the connections of each of its sockets', async () => {
    const answers = await Promise.all(
      Array.from({ length: 64 }, () => exchange(`http://127.0.0.1:${address.port}`, LAST_GET)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  });

  it('lets no second gateway share its port', async () => {
    const second = listen(createServer(), new PublicListener(), address.port);
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('closes when the answers in flight have left, and accepts nothing more', async () => {
    const opened = connections(64);
    for (const socket of opened) socket.write(GET);
    await Promise.all(opened.map((socket) => once(socket, 'data')));
    await expect(listener.close(10_000)).resolves.toBe(true);
    const late = connect(address.port, '127.0.0.1');
    await expect(once(late, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('closes connections whose answers take longer than the limit', async () => {
    server.removeAllListeners('request');
    const requested = once(server, 'request');
    const [socket] = connections(1);
    socket!.write(GET);
    await requested;
    await expect(listener.close(10)).resolves.toBe(false);
    await once(socket!, 'close');
  });
});
