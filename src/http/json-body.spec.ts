import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { readJsonBody } from './json-body.js';

function read(body: string, type = 'application/json'): Promise<unknown> {
  return readJsonBody(
    Object.assign(Readable.from([Buffer.from(body)]), {
      headers: { 'content-type': type },
    }) as unknown as IncomingMessage,
  );
}

describe('readJsonBody', () => {
  it.each([
    ['alone', '9007199254740993'],
    ['inside', '{"a":[1,-90071992547409930001]}'],
    ['too large for a double', '[1e400]'],
    ['too small for one', '{"a":-1e-400}'],
    ['of more digits than are written back', '1234567890123456789012345'],
    ['with an exponent', '123456789012345678e3'],
    ['with a point', '9007199254740993.0'],
    ['no whole one, but read as one', '12.99999999999999999'],
    ['the same, with its digits on both sides', '{"amount":1234567.9999999999}'],
    ['deep in arrays', `${'['.repeat(60_000)}90071992547409931${']'.repeat(60_000)}`],
    ['deep in objects', `${'{"a":'.repeat(20_000)}90071992547409931${'}'.repeat(20_000)}`],
  ])('refuses a number that would become another one: %s', async (_where, body) => {
    await expect(read(body)).rejects.toMatchObject({ code: 'validation-failed' });
  });

  it.each([
    '9007199254740992',
    '-9007199254740992',
    '0.1234567890123456789',
    '{"90071992547409930":"90071992547409930"}',
    '["a \\" 90071992547409930 \\\\"]',
    '100000000000000000000',
    '100000000000000000000000',
    '[1e3,1.2E+3,12.50,1.0,-0,-0.0e7,0e999,5e-324,1.7976931348623157e308,0.30000000000000004]',
    '{"a":"1e400"}',
  ])('takes %s', async (body) => {
    expect(await read(body)).toEqual(JSON.parse(body));
  });

  it.each([
    'application/json',
    'Application/JSON ; charset=UTF-8',
    'application/json;charset="utf-8"',
    'application/json; charset=utf8',
    'application/json; version=1; charset=utf-8',
    'application/json;',
  ])('takes a body of type %s', async (type) => {
    expect(await read('{}', type)).toEqual({});
  });

  it.each(['', 'text/json', 'application/jsonl', 'application/json-seq', 'application/json; charset=latin1'])(
    'refuses a body of type %s',
    async (type) => {
      await expect(read('{}', type)).rejects.toMatchObject({ code: 'unsupported-media-type' });
    },
  );

  it('takes linear time for any text', async () => {
    const startedAt = performance.now();
    await read(JSON.stringify([`${'\\"'.repeat(30_000)}1234567890123456`]));
    await expect(read(`1${'0'.repeat(100_000)}1`)).rejects.toThrow('more digits');
    await expect(read(`1${'0'.repeat(200)}1.${'0'.repeat(100_000)}1`)).rejects.toThrow('more digits');
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
