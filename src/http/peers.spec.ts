import { once } from 'node:events';
import { Socket } from 'node:net';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Connection, Peers } from './peers.js';

const PROXY = '198.51.100.9';

describe('Peers', () => {
  let peers: Peers;

  beforeEach(() => {
    peers = new Peers((address) => address === PROXY, 2);
  });

  const connectFrom = (address: string): Connection =>
    peers.add(Object.defineProperty(new Socket(), 'remoteAddress', { value: address }));
  const end = async ({ socket }: Connection): Promise<void> => {
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
  };
  const comeAndGo = async (addressOf: (index: number) => string): Promise<void> => {
    for (let index = 0; index < 256; index += 1) await end(connectFrom(addressOf(index)));
  };
  const accept = async (address: string): Promise<void> => {
    const connection = connectFrom(address);
    connection.noteKnown();
    await end(connection);
  };

  it('counts all addresses of a /64 as one', async () => {
    await comeAndGo((index) => `2001:db8:1:2::${index.toString(16)}`);
    expect(peers.isFruitless('2001:db8:1:2:ffff:ffff:ffff:ffff')).toBe(true);
    expect(peers.isFruitless('2001:db8:1:3::1')).toBe(false);
  });

  it('counts IPv4 addresses apart, also where IPv6 listens for them', async () => {
    await comeAndGo((index) => `::ffff:192.0.2.${index}`);
    expect(peers.isFruitless('::ffff:192.0.2.1')).toBe(false);
    await comeAndGo(() => '::ffff:192.0.2.1');
    expect(peers.isFruitless('::ffff:192.0.2.1')).toBe(true);
    expect(peers.isFruitless('::ffff:192.0.2.2')).toBe(false);
  });

  it('forgives strangers over time', async () => {
    await comeAndGo(() => '192.0.2.1');
    expect(peers.isFruitless('192.0.2.1')).toBe(true);
    peers.forgive();
    expect(peers.isFruitless('192.0.2.1')).toBe(false);
  });

  it('counts no connections of callers and of proxies', async () => {
    await accept('192.0.2.1');
    for (const address of ['192.0.2.1', PROXY]) {
      await comeAndGo(() => address);
      expect(peers.isFruitless(address)).toBe(false);
    }
  });

  it('knows a network after its last connection, and forgets the one whose credentials are the oldest', async () => {
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.1', '192.0.2.3']) await accept(address);
    const known = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].filter((address) => peers.isKnown(address));
    expect(known).toEqual(['192.0.2.1', '192.0.2.3']);
  });

  it('knows a network whose connection was closed before its credentials were accepted', () => {
    const closed = connectFrom('192.0.2.1');
    peers.closeOne(closed.peer);
    const next = connectFrom('192.0.2.1');
    closed.noteKnown();
    connectFrom('198.51.100.1');
    expect(peers.largest(2)).not.toBe(next.peer);
  });

  it('chooses among strangers while they have half of the places, then the largest of all', () => {
    const caller = connectFrom('192.0.2.1');
    caller.noteKnown();
    connectFrom('192.0.2.1');
    const stranger = connectFrom('198.51.100.1');
    expect(peers.largest(4)).toBe(caller.peer);
    connectFrom('198.51.100.2');
    expect(peers.largest(4)).toBe(stranger.peer);
  });

  it('closes those without a request first, then those without credentials', async () => {
    const caller = connectFrom('192.0.2.1');
    const stranger = connectFrom('192.0.2.1');
    const silent = connectFrom('192.0.2.1');
    for (const connection of [caller, stranger]) connection.noteRequest();
    caller.noteKnown();
    for (const expected of [silent, stranger, caller]) {
      expect(peers.closeOne(caller.peer)).toBe(true);
      expect(expected.socket.destroyed).toBe(true);
    }
    expect(peers.closeOne(caller.peer)).toBe(false);
    expect(peers.connections.size).toBe(0);
  });
});
