import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { ConfigError } from './config/config-error.js';
import { startFailure } from './start-failure.js';

/** The system's error as one of the test's realm, which `instanceof` knows. */
function ofThisRealm(error: Error): Error {
  return Object.assign(new Error(error.message), error);
}

describe('startFailure', () => {
  it('names HTTP_PORT where the port is in use', async () => {
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const { port } = first.address() as AddressInfo;
    const second = createServer().listen(port, '127.0.0.1');
    const [error] = (await once(second, 'error')) as [Error];
    first.close();
    expect(startFailure(ofThisRealm(error))).toBe(
      `HTTP_PORT: another program listens on 127.0.0.1, port ${port}: stop it, or set HTTP_PORT to another port`,
    );
  });

  it('names HTTP_HOST where it is no address of this machine', async () => {
    const server = createServer().listen(8080, '192.0.2.1');
    const [error] = (await once(server, 'error')) as [Error];
    expect(startFailure(ofThisRealm(error))).toBe('HTTP_HOST: 192.0.2.1 is no address of this machine');
  });

  it('prints the message of an error that an operator can fix, and the stack of any other', () => {
    expect(startFailure(new ConfigError(['HTTP_PORT is wrong']))).not.toContain('\n    at ');
    expect(startFailure(new TypeError('oops'))).toContain('\n    at ');
    expect(startFailure('text')).toBe('text');
  });
});
