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
    ['too large for a double', '[1e400,"1234567890123456"]'],
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
  ])('takes %s', async (body) => {
    expect(await read(body)).toEqual(JSON.parse(body));
  });

  it('takes its time once, whatever stands in a text', async () => {
    const startedAt = performance.now();
    await read(JSON.stringify([`${'\\"'.repeat(30_000)}1234567890123456`]));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
