import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { scanJson } from './json-scan.js';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('scanJson', () => {
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
    expect(scanJson(text).syntaxError).toEqual({ line, column, expected });
  });

  it('finds members given twice, escaped ones too', () => {
    expect(scanJson('{"a":1,"b":[{},{"c/d":1,"c\\u002fd":2}],"a":3}').duplicates).toEqual([
      '/b/1/c~1d',
      '/a',
    ]);
  });

  it('agrees with JSON.parse on what is JSON', () => {
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
        expect(scanJson(text).syntaxError === undefined).toBe(isJson(text));
      }),
      { seed: 4, numRuns: 2_000 },
    );
  });
});
