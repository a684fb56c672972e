import { describe, expect, it } from '@jest/globals';
import { CURRENCY_CODES, minorUnitDigits } from '../../../src/rules/currency.js';
import { decimalOf, digitsOf, formatMoney, parseAmount, parseMoney } from './money';

describe('money', () => {
  it('has the digits of the gateway for every currency', () => {
    const different = CURRENCY_CODES.filter((code) => digitsOf(code) !== minorUnitDigits(code));
    expect(different).toEqual([]);
  });

  it('knows every currency of the gateway', () => {
    expect(CURRENCY_CODES.filter((code) => parseMoney(`1 ${code}`, 'en') === undefined)).toEqual([]);
  });

  it.each([
    [1_299, 'EUR', '12.99 EUR'],
    [5_000, 'JPY', '5,000 JPY'],
    [12_345, 'KWD', '12.345 KWD'],
    [1_000, 'IQD', '1.000 IQD'],
    [0, 'EUR', '0.00 EUR'],
    [5, 'EUR', '0.05 EUR'],
    [999_999_999_999, 'EUR', '9,999,999,999.99 EUR'],
  ])('shows %d %s as %s', (minor, currency, text) => {
    expect(formatMoney(minor, currency, 'en')).toBe(text);
  });

  it('shows no amount where it is not known', () => {
    expect(formatMoney(undefined, 'EUR')).toBe('–');
    expect(decimalOf(-5, 'EUR')).toBe('-0.05');
  });

  it.each([
    ['12.99', 'EUR', 1_299],
    ['12,9', 'EUR', 1_290],
    ['12', 'EUR', 1_200],
    ['12', 'JPY', 12],
    ['12.345', 'KWD', 12_345],
    ['12.999', 'EUR', undefined],
    ['12.5', 'JPY', undefined],
    ['-1', 'EUR', undefined],
    ['1e3', 'EUR', undefined],
    ['', 'EUR', undefined],
    ['1,234', 'EUR', 123_400],
    ['1,234', 'KWD', 1_234_000],
    ['1,234.567', 'KWD', 1_234_567],
    ['12,345,678.90', 'EUR', 1_234_567_890],
    ['1,2345', 'CLF', 12_345],
    ['1,23,4', 'EUR', undefined],
    ['1.234,5', 'KWD', undefined],
  ])('reads %j %s as %p', (text, currency, minor) => {
    expect(parseAmount(text, currency, 'en')).toBe(minor);
  });

  it.each([
    ['1.234', 'KWD', 1_234_000],
    ['1.234,567', 'KWD', 1_234_567],
    ['12.99', 'EUR', 1_299],
    ['1,234', 'KWD', 1_234],
  ])('reads %j %s as %p where dots separate thousands', (text, currency, minor) => {
    expect(parseAmount(text, currency, 'de')).toBe(minor);
  });

  it.each(['en', 'de', 'fr', 'de-CH', 'en-IN'])('reads back what it shows in %s', (locale) => {
    for (const [minor, currency] of [
      [1_234_567, 'KWD'],
      [12_345, 'JPY'],
      [1_234_567_890, 'EUR'],
    ] as const)
      expect(parseMoney(formatMoney(minor, currency, locale), locale)).toEqual({ amount: minor, currency });
  });

  it.each([
    ['12.99 EUR', { amount: 1_299, currency: 'EUR' }],
    ['eur 12,99', { amount: 1_299, currency: 'EUR' }],
    ['5000 JPY', { amount: 5_000, currency: 'JPY' }],
    ['order-1001', undefined],
    ['12.99', undefined],
    ['INV1001', undefined],
    ['CLF 1.2345', { amount: 12_345, currency: 'CLF' }],
  ])('finds the amount in %j', (text, money) => {
    expect(parseMoney(text, 'en')).toEqual(money);
  });
});
