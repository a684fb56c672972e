import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { newIdentifier } from '../shared/identifier.js';
import { rawJson } from '../shared/json.js';
import { maskCardNumbers, maskCardNumbersIn } from './card-number.js';

const VISA = '4111111111111111';
const AMEX = '378282246310005';
const HIDDEN = '************1111';

/** The check digit of these digits by ISO/IEC 7812-1. */
function withCheckDigit(digits: number[]): string {
  const sum = digits
    .toReversed()
    .reduce((sum, digit, at) => sum + (at % 2 === 1 ? digit : digit < 5 ? digit * 2 : digit * 2 - 9), 0);
  return [...digits, (10 - (sum % 10)) % 10].join('');
}

function grouped(digits: string, sizes: readonly number[], separator: string): string {
  let at = 0;
  return sizes.map((size) => digits.slice(at, (at += size))).join(separator);
}

/** A range of a network for each length. */
const PREFIXES: Readonly<Record<number, string>> = {
  13: '50',
  14: '36',
  15: '37',
  16: '4',
  17: '6011',
  18: '62',
  19: '4',
};

function issued(length: number, digits: readonly number[]): string {
  const prefix = Array.from(PREFIXES[length]!, Number);
  return withCheckDigit([...prefix, ...digits.slice(0, length - 1 - prefix.length)]);
}

const digits18 = fc.array(fc.nat({ max: 9 }), { minLength: 18, maxLength: 18 });
const cardNumber = fc
  .tuple(fc.integer({ min: 13, max: 19 }), digits18)
  .map(([length, digits]) => issued(length, digits));

describe('what is masked', () => {
  it.each([
    ['unbroken', VISA, HIDDEN],
    ['in a sentence', `card ${VISA} was declined`, `card ${HIDDEN} was declined`],
    ['4-4-4-4 with spaces', '4111 1111 1111 1111', '**** **** **** 1111'],
    ['4-4-4-4 with dashes', '4111-1111-1111-1111', '****-****-****-1111'],
    ['spaces and dashes mixed', '4111 1111-1111 1111', '**** ****-**** 1111'],
    ['4-6-5', '3782 822463 10005', '**** ****** *0005'],
    ['each digit apart', '4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1', '* * * * * * * * * * * * 1 1 1 1'],
    ['with dots', '4111.1111.1111.1111', '****.****.****.1111'],
    ['with slashes', '3782/822463/10005', '****/******/*0005'],
    [
      'with underscores, line breaks, tabs',
      '4111_1111_1111_1111 4111\n1111\n1111\n1111',
      '****_****_****_1111 ****\n****\n****\n1111',
    ],
    ['with no-break spaces', '4111\u00a01111\u00a01111\u00a01111', '****\u00a0****\u00a0****\u00a01111'],
    ['with en dashes', '4111–1111–1111–1111', '****–****–****–1111'],
    [
      'with zero-width spaces',
      '4111\u200b1111\u200b\u200b1111\u200b1111',
      '****\u200b****\u200b\u200b****\u200b1111',
    ],
    ['in a form', 'pan=4111+1111+1111+1111&cvv=123', 'pan=****+****+****+1111&cvv=123'],
    [
      'in a query',
      '?pan=4111%201111%201111%201111&x=%224111111111111111%22',
      '?pan=****%20****%20****%201111&x=%22************1111%22',
    ],
    [
      'in JSON',
      `{"pan":"${VISA}","pans":[${VISA},${AMEX}]}`,
      `{"pan":"${HIDDEN}","pans":[${HIDDEN},***********0005]}`,
    ],
    [
      'on a magnetic stripe',
      `%B${VISA}^DOE/JANE^2512101? ;${VISA}=2512101?`,
      `%B${HIDDEN}^DOE/JANE^2512101? ;${HIDDEN}=2512101?`,
    ],
    ['touching letters', `pan${VISA}EUR tok_${VISA}`, `pan${HIDDEN}EUR tok_${HIDDEN}`],
    ['beside other groups', `order 1234 ${VISA} 12/27 123`, `order 1234 ${HIDDEN} 12/27 123`],
    ['beside other groups, in groups', '12 4111 1111 1111 1111', '12 **** **** **** 1111'],
    ['behind an overlong run', `12345678901234567890 ${VISA}`, `12345678901234567890 ${HIDDEN}`],
    ['before an overlong run', `${VISA} 12345678901234567890`, `${HIDDEN} 12345678901234567890`],
    ['two in a row', `${VISA} ${AMEX}`, `${HIDDEN} ***********0005`],
    ['13 digits', '5000000000005', '*********0005'],
    ['19 digits', '6304000000000000000', '***************0000'],
    ['with two spaces', '4111  1111  1111  1111', '****  ****  ****  1111'],
    ['with dashes and spaces between', '4111 - 1111 - 1111 - 1111', '**** - **** - **** - 1111'],
    [
      'in a path',
      '/pay/4111%2D1111%2D1111%2D1111?x=4111%2f1111%2F1111%2f1111',
      '/pay/****%2D****%2D****%2D1111?x=****%2f****%2F****%2f1111',
    ],
    ['with escaped line ends', '4111%0A1111%0A1111%0A1111', '****%0A****%0A****%0A1111'],
    ['with escaped digits', `%34${'%31'.repeat(15)}`, `${'*'.repeat(36)}${'%31'.repeat(4)}`],
    ['behind a percent sign', '%4111111111111111 %5555555555554444', '%************1111 %************4444'],
  ])('%s', (_, text, masked) => {
    expect(maskCardNumbers(text)).toBe(masked);
  });

  it('every number that passes the check, in every format', () => {
    const separator = fc.constantFrom(
      ' ',
      '-',
      '.',
      '/',
      '_',
      ':',
      '\t',
      '\u00a0',
      '–',
      '%20',
      '%2D',
      '  ',
      ' - ',
      '+',
      '',
    );
    const format = fc.oneof(
      fc.tuple(fc.constant(15), fc.constant([4, 6, 5])),
      fc.tuple(fc.constant(16), fc.constant([4, 4, 4, 4])),
      fc.tuple(fc.constant(14), fc.constant([4, 6, 4])),
      fc.tuple(fc.constant(19), fc.constant([4, 4, 4, 4, 3])),
      fc.tuple(fc.constant(13), fc.constant([4, 4, 4, 1])),
      fc.tuple(fc.constant(18), fc.constant([4, 4, 4, 4, 2])),
    );
    const around = fc.constantFrom('', ' ', 'x', '"', 'card ', '\n', '(');
    fc.assert(
      fc.property(
        format,
        fc.array(fc.nat({ max: 9 }), { minLength: 19, maxLength: 19 }),
        separator,
        around,
        (shape, digits, separator, around) => {
          const [length, sizes] = shape;
          const number = issued(length, digits);
          const hidden = `${'*'.repeat(length - 4)}${number.slice(-4)}`;
          const text = `${around}${grouped(number, sizes, separator)}${around}`;
          expect(maskCardNumbers(text)).toBe(`${around}${grouped(hidden, sizes, separator)}${around}`);
        },
      ),
      { seed: 6, numRuns: 2_000 },
    );
  });

  it('at most four digits of a number stay visible in any context', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0123456789 -./:ax_%2\u200b'.split('')) });
    fc.assert(
      fc.property(cardNumber, text, text, (number, before, after) => {
        const masked = maskCardNumbers(`${before}x${number}x${after}`);
        expect(masked).not.toContain(number.slice(0, -4));
        expect(masked.replace(/\*/g, '').length).toBeLessThan(before.length + after.length + number.length);
      }),
      { seed: 6, numRuns: 2_000 },
    );
  });

  it('changes no text’s length', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'0123456789 -./'.split('')), maxLength: 60 }),
        (text) => {
          expect(maskCardNumbers(text)).toHaveLength(text.length);
        },
      ),
      { seed: 6, numRuns: 2_000 },
    );
  });
});

describe('what is left alone', () => {
  it.each([
    ['an empty text', ''],
    ['12 digits', '411111111111'],
    ['digits that fail the check', '4111111111111112'],
    ['a time in milliseconds that passes the check', '1795787386469'],
    ['a reference of 16 digits that passes the check, of no network', '8515131751004933'],
    ['a snowflake of 19 digits that passes the check', '1541815603606036488'],
    ['thirteen digits that begin as Visa does', '4222222222222'],
    ['an IMEI that passes the check', '490154203237518'],
    ['20 digits, a card inside', '00004111111111111111'],
    ['a card number in a longer unbroken run', '4111111111111111123456789'],
    ['two slashes between', '4111//1111//1111//1111'],
    ['four spaces between', '4111    1111    1111    1111'],
    ['letters between', '4111x1111x1111x1111'],
    ['a time with milliseconds', '2024-01-02 03:04:05.678 2024-01-02T03:04:05.678Z'],
    ['addresses', '192.168.100.200 192.168.100.201:65535'],
    ['an amount', 'amount 999999999999 EUR'],
    ['a trace context', '00-11111111111111110000000000000a00-4111111111111111-01'],
    ['a digest', `4111111111111111${'a'.repeat(48)}`],
  ])('%s', (_, text) => {
    expect(maskCardNumbers(text)).toBe(text);
  });

  it('100,000 ids of the gateway’s own, and 100,000 random UUIDs', () => {
    for (let i = 0; i < 100_000; i += 1) {
      const id = newIdentifier('pay', 1_700_000_000_000 + i * 7_919_000);
      if (maskCardNumbers(id) !== id) throw new Error(id);
      const uuid = randomUUID();
      if (maskCardNumbers(uuid) !== uuid) throw new Error(uuid);
    }
  });

  it('a UUID of digits only, whose groups pass the check, though not a card beside it', () => {
    expect(maskCardNumbers('01929999-9999-7999-8123-000000000006')).toBe(
      '01929999-9999-7999-8123-000000000006',
    );
    expect(maskCardNumbers(`01929999-9999-7999-8123-000000000006 ${VISA}`)).toBe(
      `01929999-9999-7999-8123-000000000006 ${HIDDEN}`,
    );
    expect(maskCardNumbers(`pay_01929999-9999-7999-8123-000000000006-${VISA}`)).toContain(HIDDEN);
  });
});

describe('running time', () => {
  it.each([
    ['digits', '4'],
    ['digits and spaces', '4 '],
    ['groups that pass the check', '0000 '],
    ['groups one digit short', '411111111111 x'],
    ['dashes', '-'],
    ['single digits and dots', '1.'],
    ['three digits and dots', '111.'],
    ['invisible characters', '1\u200b'],
    ['percent signs', '%2'],
    ['UUIDs of digits', '01929999-9999-7999-8999-000000000000 '],
    ['hex', 'a1'],
    ['words', 'the quick brown fox '],
  ])('is short for 1 MB of %s', (_, unit) => {
    const text = unit.repeat(Math.ceil(1_048_576 / unit.length));
    const start = performance.now();
    maskCardNumbers(text);
    // Some 10 to 200 ms on an idle core; a quadratic search would take minutes.
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe('maskCardNumbersIn', () => {
  it('masks texts and keys at any depth, and drops numbers', () => {
    const value = {
      a: [{ note: `paid with ${VISA}`, [VISA]: true, amount: 1299 }],
      pan: 4111111111111111,
      big: 4111111111111111n,
      list: [1, 4111111111111111, 3],
    };
    expect(maskCardNumbersIn(value)).toEqual({
      a: [{ note: `paid with ${HIDDEN}`, [HIDDEN]: true, amount: 1299 }],
      list: [1, null, 3],
    });
    expect(maskCardNumbersIn(VISA)).toBe(HIDDEN);
    expect(maskCardNumbersIn(378282246310005)).toBeUndefined();
  });

  it.each(['4111111111111111.0', '4.111111111111111e15', '-4111111111111111', '4000000000000000006'])(
    'drops the raw number %s',
    (source) => {
      expect(maskCardNumbersIn({ a: 1, pan: rawJson(source) })).toEqual({ a: 1 });
    },
  );

  it.each([
    1795787386469,
    8515131751004933,
    0.4111111111111111,
    4111111111111112,
    rawJson('1152921506151679042'),
    rawJson('1e400'),
    rawJson('0.4111111111111111'),
    rawJson('41111111111111110000'),
  ])('keeps the number %j', (number) => {
    const value = { number };
    expect(maskCardNumbersIn(value)).toBe(value);
  });

  it('leaves its input as it was, and shares what holds nothing to mask', () => {
    const value = { clean: { deep: [1, 'two'] }, dirty: { pan: VISA } };
    const masked = maskCardNumbersIn(value) as typeof value;
    expect(value.dirty.pan).toBe(VISA);
    expect(masked.clean).toBe(value.clean);
    expect(masked.dirty).toEqual({ pan: HIDDEN });
  });

  it.each<[string, unknown]>([
    ['an object', { a: [1, { b: null, c: 'text', d: 1e300, e: 0.30000000000000004, f: -0 }] }],
    ['an empty array', []],
    ['null', null],
    ['undefined', undefined],
    ['a flag', true],
    ['bytes', Buffer.from(VISA)],
    ['a date', new Date(0)],
  ])('returns the same reference for %s without a card number', (_, value) => {
    expect(maskCardNumbersIn(value)).toBe(value);
  });

  it('masks in instances of classes, whose copy is plain', () => {
    class Answer {
      detail = VISA;
    }
    expect(maskCardNumbersIn([new Answer()])).toEqual([{ detail: HIDDEN }]);
  });

  it('keeps a key named __proto__ what it is: a key', () => {
    const masked = maskCardNumbersIn(JSON.parse(`{"__proto__":{"admin":true},"pan":"${VISA}"}`));
    expect(JSON.stringify(masked)).toBe(`{"__proto__":{"admin":true},"pan":"${HIDDEN}"}`);
    expect((masked as { admin?: boolean }).admin).toBeUndefined();
  });

  it('masks at every depth of JSON', () => {
    const depth = 50_000;
    let masked = maskCardNumbersIn(JSON.parse(`${'['.repeat(depth)}"${VISA}"${']'.repeat(depth)}`));
    for (let level = 0; level < depth; level += 1) masked = (masked as unknown[])[0];
    expect(masked).toBe(HIDDEN);
  });

  it('ends for a value that contains itself', () => {
    const value: Record<string, unknown> = { pan: VISA };
    value['self'] = value;
    expect(maskCardNumbersIn(value)).toEqual({ pan: HIDDEN, self: '[circular]' });
  });

  it('gives the text’s mask for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), cardNumber, (value, number) => {
        const masked = JSON.stringify(maskCardNumbersIn({ value, list: [number] }));
        expect(masked).not.toContain(number);
        expect(JSON.parse(masked)).toHaveProperty('list', [
          `${'*'.repeat(number.length - 4)}${number.slice(-4)}`,
        ]);
      }),
      { seed: 6, numRuns: 500 },
    );
  });
});
