import { describe, expect, it } from '@jest/globals';
import { holdsCardNumber } from './card-number.js';

describe('holdsCardNumber', () => {
  it.each([
    ['Visa', '4111111111111111'],
    ['Visa, 19 digits', '4000000000000000006'],
    ['Mastercard', '5555555555554444'],
    ['Mastercard, new range', '2223003122003222'],
    ['American Express', '378282246310005'],
    ['Discover', '6011111111111117'],
    ['Diners Club', '30569309025904'],
    ['JCB', '3530111333300000'],
    ['UnionPay', '6200000000000005'],
    ['Maestro', '6759649826438453'],
    ['Mir', '2200000000000004'],
  ])('recognises the test number of %s', (_network, number) => {
    expect(holdsCardNumber(number)).toBe(true);
  });

  it.each([
    'order-4111111111111111',
    '4111111111111111-2',
    '4111 1111 1111 1111',
    '4111-1111-1111-1111',
    '4111.1111.1111.1111',
    'n_3782 822463 10005_x',
    'a4111111111111111b',
    '12-4111111111111111',
    '4111  1111  1111  1111',
    '4111 - 1111 - 1111 - 1111',
    '4111%201111%201111%201111',
    '%34111-1111-1111-1111',
  ])('finds it in %s', (text) => {
    expect(holdsCardNumber(text)).toBe(true);
  });

  it.each([
    ['a wrong check digit', '4111111111111112'],
    ['no network: Adyen-like reference', '8515131751004933'],
    ['no network: snowflake', '1541815603606036488'],
    ['a time in microseconds', '1700000000000007'],
    ['an article number (EAN-13)', '4006381333931'],
    ['Visa of thirteen digits, no longer issued', '4222222222222'],
    ['a longer run', '41111111111111110000'],
    ['a UUID', '41111111-1111-4111-8111-111111111111'],
    ['an identifier of the gateway', 'pay_019aa9d2-4b1c-7111-8111-411111111111'],
    ['a date and time', '2024-11-22T10:15:30.000Z'],
    ['a name', 'order-1001'],
    ['nothing', ''],
  ])('lets %s pass', (_what, text) => {
    expect(holdsCardNumber(text)).toBe(false);
  });

  it('takes linear time for a text that is built to be slow', () => {
    const text = '1 '.repeat(127);
    const startedAt = performance.now();
    for (let i = 0; i < 1_000; i += 1) holdsCardNumber(text);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
