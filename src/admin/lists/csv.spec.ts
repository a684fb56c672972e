import { describe, expect, it } from '@jest/globals';
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
    ['+1', "'+1,1"],
    ['-1', "'-1,1"],
    ['@SUM(A1)', "'@SUM(A1),1"],
    ['\t=1', "'\t=1,1"],
    ['\r=1', '"\'\r=1",1'],
    ['＝1+1', "'＝1+1,1"],
  ])('makes no formula of %j', (text, line) => {
    expect(cell(text)).toBe(line);
  });
});
