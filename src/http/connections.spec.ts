import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { exchange, openSocket } from '../../test/support/raw-socket.js';
import { until } from '../../test/support/until.js';
import { connectionsWithin, limitConnections, noteKnown } from './connections.js';

/** More than the kernel keeps for a socket that nobody reads. */
const LARGE = Buffer.alloc(7 * 1024 * 1024);
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
/** A caller's, whose credentials are accepted. */
const ofCaller = (request: string): string => request.replace('\r\n', '\r\nAuthorization: Bearer k\r\n');
const HELD = 'GET /held HTTP/1.1\r\nHost: a\r\n\r\n';
const LAST_GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

describe('limitConnections', () => {
  let server: Server;
  let url: string;
  let dropped: number;
  let placed: number;
  let held: ServerResponse[];
  let begun: number;
  let refuses: (address: string) => boolean;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    dropped = 0;
    begun = 0;
    held = [];
    server = createServer((request, response) => {
      begun += 1;
      if (request.headers.authorization) noteKnown(request.socket);
      if (request.url === '/held') held.push(response);
      else response.end(request.url === '/large' ? LARGE : 'received');
    });
    placed = 0;
    server.on('connection', () => (placed += 1));
    refuses = limitConnections(server, {
      maxConnections: 4,
      answerTimeoutMs: 500,
      onDrop: () => (dropped += 1),
      refuse: (_, response) => response.writeHead(503).end(),
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.closeAllConnections();
    server.close();
  });

  const open = (): Socket => {
    const socket = openSocket(url);
    sockets.push(socket);
    return socket;
  };
  const connections = (): Promise<number> =>
    new Promise((resolve) => server.getConnections((_, count) => resolve(count)));

  it('begins four requests of one connection, refuses the fifth, and reads no further one', async () => {
    const socket = open();
    let received = '';
    socket.on('data', (bytes) => (received += bytes.toString()));
    socket.write(HELD.repeat(2_000));
    await until(() => held.length === 4, 'four requests');
    for (const response of held) response.end('received');
    await until(() => socket.destroyed, 'the end of the connection');
    expect(begun).toBe(4);
    expect(received.match(/HTTP\/1.1 \d+/g)).toEqual([
      ...Array.from({ length: 4 }, () => 'HTTP/1.1 200'),
      'HTTP/1.1 503',
    ]);
  });

  it('serves any number of requests that a connection pipelines a few at a time', async () => {
    const socket = open();
    let received = 0;
    socket.on('data', (bytes) => (received += bytes.toString().split('HTTP/1.1 200').length - 1));
    for (let round = 1; round <= 20; round += 1) {
      socket.write(GET.repeat(4));
      await until(() => received === 4 * round, 'four answers');
    }
    expect(begun).toBe(80);
  });

  it('closes the oldest idle connection when all places are taken', async () => {
    const first = open();
    await until(async () => (await connections()) === 1, 'the first connection');
    const busy = open();
    busy.write(HELD);
    await until(() => held.length === 1, 'a request in flight');
    for (let i = 0; i < 6; i += 1) {
      open();
      expect((await exchange(url, LAST_GET)).status).toBe(200);
    }
    await until(() => first.destroyed, 'the end of the first connection');
    expect(dropped).toBeGreaterThanOrEqual(5);
    expect(busy.destroyed).toBe(false);
  });

  it('closes no connection with a request of a caller in flight: a further one is refused', async () => {
    for (let i = 1; i <= 4; i += 1) {
      open().write(ofCaller(HELD));
      await until(() => held.length === i, 'a request in flight');
    }
    expect((await exchange(url, LAST_GET)).status).toBe(0);
    expect(dropped).toBe(1);
    expect(sockets.some(({ destroyed }) => destroyed)).toBe(false);
  });

  it('closes connections of strangers, though their requests wait, for callers', async () => {
    for (let i = 1; i <= 4; i += 1) {
      open().write(HELD);
      await until(() => held.length === i, 'a request in flight');
    }
    expect((await exchange(url, ofCaller(LAST_GET))).status).toBe(200);
  });

  it('leaves callers their connections, however many addresses strangers have', async () => {
    const pool = [open(), open()];
    for (const socket of pool) {
      socket.write(ofCaller(GET));
      await once(socket, 'data');
    }
    const port = Number(new URL(url).port);
    for (let count = 1; count <= 20; count += 1) {
      const stranger = connect({ port, host: '127.0.0.1', localAddress: `127.0.1.${count}` });
      sockets.push(stranger.on('error', () => {}));
    }
    await until(() => dropped >= 18, 'connections to give way');
    for (const socket of pool) {
      socket.write(ofCaller(GET));
      await once(socket, 'data');
    }
  });

  it('closes connections of the address that has most of them', async () => {
    const few = open();
    few.on('data', () => {}).write(GET);
    await until(() => begun === 1, 'a request of the address that has one connection');
    const port = Number(new URL(url).port);
    const many = Array.from({ length: 6 }, () =>
      connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' }).on('error', () => {}),
    );
    sockets.push(...many);
    await until(() => dropped >= 3, 'connections to give way');
    few.write(GET);
    await until(() => begun === 2, 'another request on the first connection');
    expect(few.destroyed).toBe(false);
  });

  it('refuses the connections of a flood that would replace each other, and serves other addresses', async () => {
    const port = Number(new URL(url).port);
    let arrived = 0;
    // Of the flood's address, of another.
    const refused = [false, false];
    server.on('connection', () => {
      arrived += 1;
      refused[0] ||= refuses('127.0.0.2');
      refused[1] ||= refuses('127.0.0.1');
    });
    const flood = Array.from({ length: 600 }, () =>
      connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' }).on('error', () => {}),
    );
    sockets.push(...flood);
    await until(() => arrived === 600, 'all of them to arrive');
    expect(placed).toBeLessThan(600);
    expect(refused).toEqual([true, false]);
    expect((await exchange(url, LAST_GET)).status).toBe(200);
  });

  it('closes connections whose requests are not complete, for others', async () => {
    for (let i = 1; i <= 4; i += 1) {
      open().write('POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nslow');
      await until(() => held.length === i, 'a slow request');
    }
    expect((await exchange(url, LAST_GET)).status).toBe(200);
  });

  it('closes a connection whose caller does not read its answer', async () => {
    open().pause().write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(async () => (await connections()) === 1, 'the connection');
    await until(async () => (await connections()) === 0, 'its end');
  });

  it('closes a connection with more than 8 MiB unread at once', async () => {
    open().pause().write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(4));
    await until(async () => (await connections()) === 1, 'the connection');
    const since = performance.now();
    await until(async () => (await connections()) === 0, 'its end');
    expect(performance.now() - since).toBeLessThan(450);
  });
});

describe('connectionsWithin', () => {
  it.each([
    [10_000, Number.POSITIVE_INFINITY, 10_000],
    [10_000, 1_048_576, 10_000],
    [10_000, 1_024, 384],
    [100, 1_024, 100],
    [10_000, 64, 1],
  ])('of %d connections with %d descriptors accepts %d', (configured, descriptors, expected) => {
    expect(connectionsWithin(configured, descriptors)).toBe(expected);
  });
});
