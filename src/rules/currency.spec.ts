import { describe, expect, it } from '@jest/globals';
import { CURRENCY_CODES, minorUnitDigits } from './currency.js';

describe('currency', () => {
  it.each([
    ['EUR', 2],
    ['JPY', 0],
    ['KWD', 3],
    ['CLF', 4],
    ['XAU', 0],
    ['eur', undefined],
    ['EURO', undefined],
    ['ABC', undefined],
    ['', undefined],
  ])('%s has %s digits', (code, digits) => {
    expect(minorUnitDigits(code)).toBe(digits);
  });

  it('lists each code once', () => {
    expect(new Set(CURRENCY_CODES).size).toBe(CURRENCY_CODES.length);
    expect(CURRENCY_CODES.every((code) => /^[A-Z]{3}$/.test(code))).toBe(true);
  });
});
