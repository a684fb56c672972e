import { format, inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Secret } from './secret.js';

describe('Secret', () => {
  const text = 'whsec_do-not-look';
  const holder = { deep: [{ secret: new Secret(text) }] };

  it.each<[string, () => string]>([
    ['a text', () => String(new Secret(text))],
    ['JSON', () => JSON.stringify(holder)],
    ['util.inspect', () => inspect(holder, { depth: 9, showHidden: true })],
    ['util.format', () => format('%s %o %j', new Secret(text), holder, holder)],
    ['an error', () => inspect(new Error(`no ${String(new Secret(text))}`, { cause: holder }))],
    [
      'a log line',
      () => {
        let line = '';
        const log = pino({}, { write: (written) => (line += written) });
        log.info({ ...holder, err: new Error('x', { cause: holder }) });
        return line;
      },
    ],
  ])('is *** in %s', (_where, print) => {
    const printed = print();
    expect(printed).not.toContain('do-not-look');
    expect(printed).toContain('***');
  });

  it('has no member to be found, copied or cloned', () => {
    const secret = new Secret(text);
    expect(Reflect.ownKeys(secret)).toEqual([]);
    expect(inspect(structuredClone(secret), { showHidden: true })).not.toContain('do-not-look');
  });

  it('returns its text from reveal()', () => {
    expect(new Secret(text).reveal()).toBe(text);
  });
});
