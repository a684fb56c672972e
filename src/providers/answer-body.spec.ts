import { describe, expect, it } from '@jest/globals';
import { maskedText, readAnswerBody, refusalDetail } from './answer-body.js';

const read = (body: string | Buffer, type?: string) =>
  readAnswerBody({ status: 200, headers: { 'content-type': type }, body: Buffer.from(body) });

describe('readAnswerBody', () => {
  it.each([
    'application/json',
    'Application/JSON; charset=utf-8',
    'text/json',
    'application/problem+json',
    'application/vnd.acme.v2+json;profile=x',
    undefined,
  ])('reads JSON as %j', (type) => {
    expect(read('{"a":1}', type)).toEqual({ ok: true, json: { a: 1 } });
  });

  it.each([
    'text/html',
    'text/plain',
    'application/jsonp',
    'application/xml',
    'application/x-json-stream',
    '',
  ])('reads a body of type %j as JSON', (type) => {
    expect(read('{"a":1}', type)).toEqual({ ok: false, problem: 'its Content-Type is not JSON' });
  });

  it.each([
    ['', 'it has no body'],
    ['{', 'its body is not JSON'],
    ['{"a":1}}', 'its body is not JSON'],
    [Buffer.from([0x22, 0xff, 0x22]), 'its body is not UTF-8'],
  ])('refuses %j', (body, problem) => {
    expect(read(body)).toEqual({ ok: false, problem });
  });
});

describe('refusalDetail', () => {
  it.each([
    [{ detail: 'a', message: 'b' }, 'a'],
    [{ message: 'b' }, 'b'],
    [{ detail: '', message: 'b' }, 'b'],
    [{ detail: 7, message: 'b' }, 'b'],
    [{ detail: { text: 'a' } }, undefined],
    [{}, undefined],
    [['detail'], undefined],
    ['detail', undefined],
    [null, undefined],
  ])('of %j is %j', (json, expected) => {
    expect(refusalDetail(json)).toBe(expected);
  });
});

describe('maskedText', () => {
  it('masks a card number that the cut would split', () => {
    const text = `${'x'.repeat(490)} 4111 1111 1111 1111`;
    expect(maskedText(text)).toBe(`${'x'.repeat(490)} **** ****`);
  });

  it('leaves no half of a surrogate pair', () => {
    expect(maskedText(`${'x'.repeat(499)}😀`).isWellFormed()).toBe(true);
  });
});
