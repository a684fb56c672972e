import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { readJson, type JsonBounds } from './json-reader.js';
import type { JsonViolation } from './json-scanner.js';

const STRICT: JsonBounds = { byteOrderMark: 'ignore', duplicateNames: 'refuse', lossyNumbers: 'refuse' };
const LENIENT: JsonBounds = { byteOrderMark: 'refuse', duplicateNames: 'keep-last', lossyNumbers: 'round' };

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('readJson', () => {
  it.each([
    ['', 1, 1, 'a value'],
    ['\n  nul', 2, 3, 'a value'],
    ['{"a":1,}', 1, 8, 'a member name'],
    ['[1,]', 1, 4, 'a value'],
    ['[1 2]', 1, 4, '"," or "]"'],
    ['{"a" 1}', 1, 6, '":"'],
    ['01', 1, 2, 'the end of the text'],
    ['{} x', 1, 4, 'the end of the text'],
    ['{"a":"line\nbreak"}', 1, 6, 'a value'],
    ["{'a':1}", 1, 2, 'a member name or "}"'],
  ])('finds where %j stops being JSON', (text, line, column, expected) => {
    expect(readJson(text, STRICT)).toEqual({
      value: undefined,
      violations: [{ kind: 'syntax', line, column, expected }],
    });
  });

  it('finds duplicate names, escaped ones too', () => {
    const text = '{"a":1,"b":[{},{"c/d":1,"c\\u002fd":2}],"a":3}';
    expect(readJson(text, STRICT)).toEqual({
      value: { a: 3, b: [{}, { 'c/d': 2 }] },
      violations: [
        { kind: 'duplicate-name', pointer: '/b/1/c~1d' },
        { kind: 'duplicate-name', pointer: '/a' },
      ],
    });
  });

  it.each<[string, string | Buffer, Partial<JsonBounds>, JsonViolation]>([
    ['a lossy number', '[1,{"a":9007199254740993}]', {}, { kind: 'lossy-number', pointer: '/1/a' }],
    ['a text that is too long', '[1,2]', { maxLength: 4 }, { kind: 'too-long', length: 5 }],
    ['too many bytes', Buffer.from('"é"'), { maxLength: 3 }, { kind: 'too-long', length: 4 }],
    ['too deep a text', '[[[]]]', { maxDepth: 1 }, { kind: 'too-deep' }],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), {}, { kind: 'not-utf8' }],
    [
      'a byte order mark',
      '\ufeff{}',
      { byteOrderMark: 'refuse' },
      { kind: 'syntax', line: 1, column: 1, expected: 'a value' },
    ],
  ])('refuses %s where its bounds do', (_what, source, bounds, violation) => {
    expect(readJson(source, { ...STRICT, ...bounds }).violations).toEqual([violation]);
  });

  it.each<[string, string | Buffer, JsonBounds, unknown]>([
    ['a lossy number', '[9007199254740993]', LENIENT, [9_007_199_254_740_992]],
    ['duplicate names', '{"a":1,"a":2}', LENIENT, { a: 2 }],
    ['a byte order mark', Buffer.from('\ufeff{}'), STRICT, {}],
    ['a text at its limits', '[[1]]', { ...STRICT, maxLength: 5, maxDepth: 1 }, [[1]]],
  ])('accepts %s if its limits allow it', (_what, source, bounds, value) => {
    expect(readJson(source, bounds)).toEqual({ value, violations: [] });
  });

  it('agrees with JSON.parse on valid JSON', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"\\u00e9"',
      '1',
      '-0.5e+3',
      'true',
      ' ',
      '\t',
      '\\',
      '"',
    );
    const nearJson = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''));
    const cutJson = fc.tuple(fc.json(), fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1)));
    const texts = fc.oneof(nearJson, cutJson, fc.json(), fc.string());
    fc.assert(
      fc.property(texts, (text) => {
        const { violations } = readJson(text, STRICT);
        expect(violations.every(({ kind }) => kind !== 'syntax')).toBe(isJson(text));
      }),
      { seed: 4, numRuns: 2_000 },
    );
  });
});
