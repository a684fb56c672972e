import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { Secret } from '../../sensitive/secret.js';
import { StaticAuth } from './static-auth.js';

describe('StaticAuth', () => {
  it.each([
    ['none', new StaticAuth({ type: 'none' }), {}],
    [
      'bearer',
      new StaticAuth({ type: 'bearer', token: new Secret('t0k3n') }),
      { authorization: 'Bearer t0k3n' },
    ],
    [
      'basic, by the example of RFC 7617',
      new StaticAuth({ type: 'basic', username: 'Aladdin', password: new Secret('open sesame') }),
      { authorization: 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==' },
    ],
    [
      'basic in UTF-8, by the example of RFC 7617',
      new StaticAuth({ type: 'basic', username: 'test', password: new Secret('123£') }),
      { authorization: 'Basic dGVzdDoxMjPCow==' },
    ],
    [
      'a header of the external’s own',
      new StaticAuth({ type: 'header', name: 'X-Api-Key', value: new Secret('k3y') }),
      { 'x-api-key': 'k3y' },
    ],
  ])('%s', (_, auth, headers) => {
    expect(auth.headers()).toEqual(headers);
    expect(auth.invalidate()).toBe(false);
    expect(auth.tls()).toBeUndefined();
  });

  it('contains no secret when it is printed', () => {
    expect(
      inspect(new StaticAuth({ type: 'bearer', token: new Secret('t0k3n') }), { depth: 9 }),
    ).not.toContain('t0k3n');
  });
});
