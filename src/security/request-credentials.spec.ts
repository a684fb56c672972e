import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { credentialsOf, looksLikeJwt } from './request-credentials.js';

const read = (headersDistinct: Record<string, string[]>) =>
  credentialsOf({ headersDistinct } as IncomingMessage);
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('credentialsOf', () => {
  it('reads each kind', () => {
    expect(read({})).toEqual({ kind: 'none' });
    expect(read({ authorization: ['Bearer s3cret'] })).toEqual({ kind: 'bearer', token: 's3cret' });
    expect(read({ authorization: ['bearer  s3cret'] })).toEqual({ kind: 'bearer', token: 's3cret' });
    expect(read({ authorization: [basic('user:pa:ss')] })).toEqual({
      kind: 'basic',
      userPassword: 'user:pa:ss',
    });
    expect(read({ 'x-api-key': ['s3cret'] })).toEqual({ kind: 'api-key', key: 's3cret' });
  });

  it.each<[string, Record<string, string[]>, object]>([
    ['both headers', { authorization: ['Bearer a'], 'x-api-key': ['a'] }, { kind: 'bearer', token: 'a' }],
    ['Authorization', { authorization: ['Bearer a', 'Bearer a'] }, { kind: 'bearer', token: 'a' }],
    ['X-Api-Key', { 'x-api-key': ['a', 'a', 'a'] }, { kind: 'api-key', key: 'a' }],
    ['X-Api-Key, merged by a proxy', { 'x-api-key': ['a, a'] }, { kind: 'api-key', key: 'a' }],
    [
      'Authorization, merged by a proxy',
      { authorization: ['Bearer a.b.c, Bearer a.b.c'], 'x-api-key': ['a.b.c'] },
      { kind: 'bearer', token: 'a.b.c' },
    ],
    ['Basic', { authorization: [basic('a:b'), basic('a:b')] }, { kind: 'basic', userPassword: 'a:b' }],
  ])('takes the same credential twice for one: %s', (_what, headers, expected) => {
    expect(read(headers)).toEqual(expected);
  });

  it.each<[string, Record<string, string[]>]>([
    ['two Authorization headers', { authorization: ['Bearer a', 'Bearer b'] }],
    ['two X-Api-Key headers', { 'x-api-key': ['a', 'b'] }],
    ['both headers', { authorization: ['Bearer a'], 'x-api-key': ['b'] }],
    ['both headers, one of them twice', { authorization: ['Bearer a', 'Bearer b'], 'x-api-key': ['a'] }],
    ['a key in another case', { authorization: ['Bearer a'], 'x-api-key': ['A'] }],
    ['Basic beside a key', { authorization: [basic('a:b')], 'x-api-key': ['b'] }],
    ['Basic and Bearer', { authorization: [basic('a:b'), 'Bearer b'] }],
    ['nothing beside a key', { authorization: [''], 'x-api-key': ['a'] }],
    ['two merged keys', { 'x-api-key': ['a, b'] }],
    ['another scheme', { authorization: ['Digest a'] }],
    ['no token', { authorization: ['Bearer '] }],
    ['no scheme', { authorization: ['s3cret'] }],
    ['two tokens', { authorization: ['Bearer a b'] }],
    ['two tokens with a comma and a space', { authorization: ['Bearer a, Bearer b'] }],
    ['no base64', { authorization: ['Basic ä'] }],
    ['an empty header', { authorization: [''] }],
    ['an empty key', { 'x-api-key': [''] }],
    ['a key with a space', { 'x-api-key': ['a b'] }],
  ])('cannot use %s', (_what, headers) => {
    expect(read(headers)).toEqual({ kind: 'unusable' });
  });
});

describe('looksLikeJwt', () => {
  it('requires three parts of base64url', () => {
    expect(['eyJh.eyJi.c2ln', 'a-_.b.c'].map(looksLikeJwt)).toEqual([true, true]);
    expect(['secret', 'a.b', 'a.b.c.d', 'a.b.', 'a b.c.d', 'a=.b.c'].map(looksLikeJwt)).toEqual(
      Array(6).fill(false),
    );
  });
});
