import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { csvOf } from './csv.js';

const columns = ['text', 'number'] as const;
const cell = (text: string): string =>
  csvOf(columns, [{ text, number: 1 }])
    .split('\r\n')
    .slice(1, -1)
    .join('\r\n');

describe('csvOf', () => {
  it('has a line of names, and ends each line by CR LF', () => {
    expect(csvOf(columns, [])).toBe('text,number\r\n');
    expect(
      csvOf(columns, [
        { text: 'a', number: 1299 },
        { text: undefined, number: 0 },
      ]),
    ).toBe('text,number\r\na,1299\r\n,0\r\n');
  });

  it.each([
    ['a comma', 'a,b', '"a,b",1'],
    ['a quotation mark', 'say "hi"', '"say ""hi""",1'],
    ['a line break', 'a\nb', '"a\nb",1'],
    ['a letter of another script', 'Ünïcødé 💶', 'Ünïcødé 💶,1'],
  ])('keeps %s', (_what, text, line) => {
    expect(cell(text)).toBe(line);
  });

  it.each([
    ['=cmd|"/c calc"!A1', '"\'=cmd|""/c calc""!A1",1'],
    ['+1', '"\'+1",1'],
    ['-1', '"\'-1",1'],
    ['@SUM(A1)', '"\'@SUM(A1)",1'],
    ['\t=1', '"\'\t\'=1",1'],
    ['\r=1', '"\'\r\'=1",1'],
    ['＝1+1', '"\'＝1+1",1'],
    ['﹦1+1', '"\'﹦1+1",1'],
    ['a;−1', '"a;\'−1",1'],
    ['a;=1', '"a;\'=1",1'],
    ['a; "=1', '"a; ""\'=1",1'],
    ['a|@x', '"a|\'@x",1'],
    ['a\t-1', '"a\t\'-1",1'],
    ['\u200b=1', '"\u200b\'=1",1'],
  ])('makes no formula of %j', (text, line) => {
    expect(cell(text)).toBe(line);
  });
});

const SEPARATORS = [',', ';', '\t', '|'];

/** The cells of a document as a spreadsheet finds them that takes `separator`; quotes count, as in RFC 4180. */
function quotedCells(document: string, separator: string): string[] {
  const cells: string[] = [''];
  let isQuoted = false;
  for (let at = 0; at < document.length; at += 1) {
    const character = document[at]!;
    const isStart = cells.at(-1) === '';
    if (isQuoted && character === '"' && document[at + 1] === '"') at += 1;
    else if (character === '"' && (isQuoted || isStart)) {
      isQuoted = !isQuoted;
      continue;
    } else if (!isQuoted && (character === separator || character === '\r' || character === '\n')) {
      cells.push('');
      continue;
    }
    cells[cells.length - 1] += character;
  }
  return cells;
}

/** The same for one that does not know quotes. */
const splitCells = (document: string, separator: string): string[] =>
  document.split(new RegExp(`[${separator === '|' ? '\\|' : separator}\\r\\n]`));

describe('csvOf of any texts', () => {
  const parts = fc.constantFrom(
    '=',
    '+',
    '-',
    '@',
    '＝',
    '﹫',
    '−',
    ',',
    ';',
    '\t',
    '|',
    '"',
    "'",
    ' ',
    '\r',
    '\n',
    '\u200b',
    '\ufeff',
    'a',
    '1',
    'cmd',
  );
  const texts = fc.oneof(
    fc.array(parts, { maxLength: 10 }).map((all) => all.join('')),
    fc.string(),
    fc.string({ unit: 'grapheme' }),
  );
  const documents = fc
    .array(fc.record({ text: texts, other: texts, number: fc.nat() }), { maxLength: 4 })
    .map((rows) => ({ rows, document: csvOf(['text', 'number', 'other'] as const, rows) }));

  it('has no cell that begins a formula, by any separator, with quotes or without', () => {
    fc.assert(
      fc.property(documents, ({ document }) => {
        for (const separator of SEPARATORS) {
          for (const found of [...quotedCells(document, separator), ...splitCells(document, separator)]) {
            expect([separator, found]).toEqual([
              separator,
              expect.not.stringMatching(/^[\s"\p{DI}]*[=+\-@＝＋－＠﹦﹢﹣﹫−]/u),
            ]);
          }
        }
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('has every text, with nothing but apostrophes added', () => {
    const plain = (text: string): string => text.replaceAll("'", '');
    fc.assert(
      fc.property(documents, ({ rows, document }) => {
        const cells = rfc4180(document).slice(1);
        expect(cells.map(([text, , other]) => [plain(text!), plain(other!)])).toEqual(
          rows.map(({ text, other }) => [plain(text), plain(other)]),
        );
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});

/** RFC 4180 §2, and nothing else. */
function rfc4180(document: string): string[][] {
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  const lines: string[][] = [[]];
  for (let at = 0; at < document.length; at = field.lastIndex) {
    field.lastIndex = at;
    const [, quoted, plain, end] = field.exec(document)!;
    lines.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain!);
    if (end === '\r\n') lines.push([]);
  }
  return lines.slice(0, -1);
}
