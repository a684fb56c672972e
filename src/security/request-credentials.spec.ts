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

  it.each<[string, Record<string, string[]>]>([
    ['two Authorization headers', { authorization: ['Bearer a', 'Bearer a'] }],
    ['two X-Api-Key headers', { 'x-api-key': ['a', 'a'] }],
    ['both headers', { authorization: ['Bearer a'], 'x-api-key': ['a'] }],
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
