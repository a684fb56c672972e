import type dns from 'node:dns';
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo, type LookupFunction } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Agent, request } from 'undici';
import { AddressGuard, AddressRefused } from './address-guard.js';

const open = new AddressGuard({ blockPrivateAddresses: false });
const strict = new AddressGuard({ blockPrivateAddresses: true });

/** Answers each question with the next of the given lists, as a name server that binds the name anew does. */
function resolver(...answers: string[][]): LookupFunction {
  let asked = 0;
  return (_hostname, _options, callback) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)]!;
    process.nextTick(() =>
      callback(
        null,
        addresses.map((address) => ({ address, family: net.isIP(address) })),
      ),
    );
  };
}

const failing: LookupFunction = (_hostname, _options, callback) =>
  callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []);

function lookup(guard: AddressGuard, options: dns.LookupOptions = { all: true }) {
  return new Promise<string | dns.LookupAddress[]>((resolve, reject) => {
    guard.lookup('name.test', options, (error, address) => (error ? reject(error) : resolve(address)));
  });
}

const NEVER = [
  '169.254.169.254',
  '169.254.0.1',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  '100.100.100.200',
  '168.63.129.16',
  '0.0.0.0',
  '0.1.2.3',
  '::',
  '224.0.0.1',
  'ff02::1',
  '255.255.255.255',
  '240.0.0.1',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '0:0:0:0:0:ffff:a9fe:a9fe',
  '::ffff:0.0.0.0',
  '::a9fe:a9fe',
  '64:ff9b::a9fe:a9fe',
  '2002:a9fe:a9fe::1',
  'no address',
  '',
];
const PRIVATE = [
  '127.0.0.1',
  '127.255.0.1',
  '::1',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '100.127.255.255',
  'fc00::1',
  'fd12:3456::1',
  '::ffff:10.0.0.1',
  '::ffff:127.0.0.1',
  '64:ff9b::a00:1',
  '2002:c0a8:101::1',
];
const PUBLIC = [
  '93.184.216.34',
  '172.32.0.1',
  '100.128.0.1',
  '169.253.255.255',
  '2606:4700::1111',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
];

describe('check', () => {
  it.each(NEVER)('always refuses %s', (address) => {
    expect(open.check(address)).toEqual(expect.any(String));
    expect(strict.check(address)).toEqual(expect.any(String));
  });

  it.each(PRIVATE)('refuses %s only when private addresses are blocked', (address) => {
    expect(open.check(address)).toBeUndefined();
    expect(strict.check(address)).toEqual(expect.any(String));
  });

  it.each(PUBLIC)('allows %s', (address) => {
    expect(open.check(address)).toBeUndefined();
    expect(strict.check(address)).toBeUndefined();
  });

  it('names the reason', () => {
    expect(open.check('169.254.169.254')).toBe('link-local');
    expect(open.check('fd00:ec2::254')).toBe('cloud metadata');
    expect(strict.check('10.0.0.1')).toBe('private');
    expect(strict.check('127.0.0.1')).toBe('loopback');
  });
});

describe('checkHost', () => {
  it.each([
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '0177.0.0.1',
    '2130706433',
    '[::1]',
    '::1',
    '[::ffff:7f00:1]',
    '１２７.0.0.1',
  ])('knows the loopback address written as %s', (host) => {
    expect(strict.checkHost(host)).toBeInstanceOf(AddressRefused);
    expect(open.checkHost(host)).toBeUndefined();
  });

  it('leaves names to the lookup', () => {
    expect(strict.checkHost('localhost')).toBeUndefined();
    expect(strict.checkHost('metadata.google.internal')).toBeUndefined();
  });

  it('reports what it refused, and why', () => {
    expect(open.checkHost('[fe80::1]')).toMatchObject({
      name: 'AddressRefused',
      code: 'EADDRREFUSED',
      host: '[fe80::1]',
      address: 'fe80::1',
      reason: 'link-local',
    });
  });
});

describe('lookup', () => {
  it('returns one address or all, by its options', async () => {
    const guard = new AddressGuard({
      blockPrivateAddresses: true,
      resolve: resolver(['93.184.216.34', '2606:4700::1111']),
    });
    expect(await lookup(guard)).toEqual([
      { address: '93.184.216.34', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ]);
    expect(await lookup(guard, {})).toBe('93.184.216.34');
  });

  it('leaves out the addresses that may not be dialled', async () => {
    const guard = new AddressGuard({
      blockPrivateAddresses: true,
      resolve: resolver(['10.0.0.1', '93.184.216.34', '169.254.169.254']),
    });
    expect(await lookup(guard)).toEqual([{ address: '93.184.216.34', family: 4 }]);
  });

  it('refuses a name with no other addresses', async () => {
    const guard = new AddressGuard({
      blockPrivateAddresses: false,
      resolve: resolver(['169.254.169.254', 'fe80::1']),
    });
    await expect(lookup(guard)).rejects.toMatchObject({
      code: 'EADDRREFUSED',
      host: 'name.test',
      address: '169.254.169.254',
    });
    await expect(lookup(guard, {})).rejects.toThrow(
      'Refused to connect to name.test (169.254.169.254): link-local address',
    );
  });

  it('refuses a name with no addresses at all', async () => {
    const guard = new AddressGuard({ blockPrivateAddresses: false, resolve: resolver([]) });
    await expect(lookup(guard)).rejects.toBeInstanceOf(AddressRefused);
  });

  it('passes on what the resolver failed with', async () => {
    await expect(
      lookup(new AddressGuard({ blockPrivateAddresses: false, resolve: failing })),
    ).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });
  });

  it('uses the real resolver', async () => {
    expect(strict.lookup).toBeInstanceOf(Function);
    await expect(
      new Promise((resolve, reject) =>
        strict.lookup('localhost', {}, (error, address) => (error ? reject(error) : resolve(address))),
      ),
    ).rejects.toMatchObject({ code: 'EADDRREFUSED', reason: 'loopback' });
  });
});

describe('on real sockets', () => {
  let requests = 0;
  const server = http.createServer((_request, response) => {
    requests += 1;
    response.end('here');
  });
  let port: number;

  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  async function get(guard: AddressGuard, host: string): Promise<string> {
    const dispatcher = new Agent({ connect: guard.connector() });
    try {
      const { body } = await request(`http://${host}:${port}/`, { dispatcher });
      return await body.text();
    } finally {
      await dispatcher.close();
    }
  }

  it('connects to allowed addresses, by name and by literal', async () => {
    const named = new AddressGuard({ blockPrivateAddresses: false, resolve: resolver(['127.0.0.1']) });
    expect(await get(named, 'name.test')).toBe('here');
    expect(await get(open, '127.0.0.1')).toBe('here');
  });

  it('dials neither a literal nor a name that leads to a refused address', async () => {
    const before = requests;
    const rebinding = new AddressGuard({ blockPrivateAddresses: true, resolve: resolver(['127.0.0.1']) });
    await expect(get(rebinding, 'name.test')).rejects.toBeInstanceOf(AddressRefused);
    await expect(get(strict, '127.0.0.1')).rejects.toBeInstanceOf(AddressRefused);
    await expect(get(strict, '0x7f.1')).rejects.toBeInstanceOf(AddressRefused);
    await expect(get(strict, '[::ffff:127.0.0.1]')).rejects.toBeInstanceOf(AddressRefused);
    expect(requests).toBe(before);
  });

  it('checks each resolution: rebinding a name has no effect', async () => {
    const guard = new AddressGuard({
      blockPrivateAddresses: false,
      resolve: resolver(['127.0.0.1'], ['169.254.169.254']),
    });
    expect(await get(guard, 'name.test')).toBe('here');
    await expect(get(guard, 'name.test')).rejects.toMatchObject({ code: 'EADDRREFUSED' });
  });

  it('serves Node’s own agents through lookup', async () => {
    const guard = new AddressGuard({ blockPrivateAddresses: true, resolve: resolver(['127.0.0.1']) });
    const agent = new http.Agent({ lookup: guard.lookup });
    const outgoing = http.get({ host: 'name.test', port, agent });
    await expect(once(outgoing, 'response')).rejects.toMatchObject({ code: 'EADDRREFUSED' });
    agent.destroy();
  });
});
