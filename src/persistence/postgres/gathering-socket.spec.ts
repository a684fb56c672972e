import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { gatheringSocket } from './gathering-socket.js';

let server: Server;
let socket: Socket;
let received: Promise<string>;

beforeEach(async () => {
  server = createServer((peer) => {
    received = text(peer);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  socket = gatheringSocket().connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
});
afterEach(() => {
  socket.destroy();
  server.close();
});

it('sends what one turn has written when the turn ends, in order', async () => {
  socket.write('a');
  socket.write(Buffer.from('b'));
  expect(socket.writableLength).toBe(2);
  await endOfTurn();
  expect(socket.writableCorked).toBe(0);
  socket.write('c');
  socket.end('d');
  expect(await received).toBe('abcd');
});

it('leaves corking by its user unchanged', async () => {
  socket.cork();
  socket.write('a');
  await endOfTurn();
  expect(socket.writableLength).toBe(1);
  socket.uncork();
  socket.end();
  expect(await received).toBe('a');
});

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
