import { describe, expect, it } from '@jest/globals';
import { Violation } from '../rules/rule.js';
import { readPostgresUrl } from './postgres-url.js';

describe('A URL of PostgreSQL', () => {
  it.each([
    ['postgres://u:p@one:1,two:2/db', ['u:p@/db?host=one&port=1', 'u:p@/db?host=two&port=2']],
    ['postgres://one,two:2/db', ['/db?host=one&port=5432', '/db?host=two&port=2']],
    ['postgres://one:1,[::1]/db', ['/db?host=one&port=1', '/db?host=%3A%3A1&port=5432']],
    ['postgres://one,two/db?port=6432', ['/db?port=6432&host=one', '/db?port=6432&host=two']],
    ['postgres://one:1,two:2/db?port=3,4', ['/db?port=3&host=one', '/db?port=4&host=two']],
    ['postgres://u@/db?host=one,two&port=1,', ['u@/db?host=one&port=1', 'u@/db?host=two&port=5432']],
    ['postgres://%2Fone,%2Ftwo', ['/?host=%2Fone&port=5432', '/?host=%2Ftwo&port=5432']],
    // The query has precedence over the authority.
    ['postgres://three/db?host=one,two', ['/db?host=one&port=5432', '/db?host=two&port=5432']],
    [
      'postgres://a%40b:p%2C@one,two/db?sslmode=disable',
      [
        'a%40b:p%2C@/db?sslmode=disable&host=one&port=5432',
        'a%40b:p%2C@/db?sslmode=disable&host=two&port=5432',
      ],
    ],
  ])('%s is one URL for each host', (url, expected) => {
    expect(readPostgresUrl(url)).toMatchObject({
      urls: expected.map((rest) => `postgres://${rest}`),
      attributes: 'read-write',
    });
  });

  it.each([
    ['postgres://u:p,q@one:1/db?options=-c%20a=b', 'any'],
    ['postgres:///db?host=/var/run/postgresql', 'any'],
    ['postgres://one/db?target_session_attrs=read-write', 'read-write'],
  ])('%s stays as it is', (url, attributes) => {
    expect(readPostgresUrl(url)).toMatchObject({ urls: [url], attributes });
  });

  it('names its hosts without the rest', () => {
    expect(readPostgresUrl('postgres://u:hunter2@one,[::1]:6000/db')).toMatchObject({
      names: ['one:5432', '::1:6000'],
    });
  });

  it.each(['any', 'primary'])('of several hosts may want a session that is %s', (attributes) => {
    expect(readPostgresUrl(`postgres://one,two/db?target_session_attrs=${attributes}`)).toMatchObject({
      attributes,
    });
  });

  it.each([
    'postgres://one:0/db',
    'postgres://one,two:65536/db',
    'postgres://one,two:1:2/db',
    'postgres://one,/db',
    'postgres://one,two,three/db?port=1,2',
    'postgres://one,two/db?target_session_attrs=prefer-standby',
    'postgres://one,two/db?load_balance_hosts=random',
  ])('may not be %s', (url) => {
    expect(readPostgresUrl(url)).toBeInstanceOf(Violation);
  });
});
