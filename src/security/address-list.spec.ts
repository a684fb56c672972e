import { describe, expect, it } from '@jest/globals';
import { AddressList } from './address-list.js';

describe('AddressList', () => {
  const list = new AddressList(['10.1.0.0/16', '192.0.2.7', '2001:db8::/32', '::1']);

  it.each([
    '10.1.2.3',
    '::ffff:10.1.2.3',
    '::ffff:0a01:0203',
    '192.0.2.7',
    '2001:db8::5',
    '::1',
    '0:0:0:0:0:0:0:1',
  ])('has %s', (address) => {
    expect(list.includes(address)).toBe(true);
  });

  it.each([
    '10.2.0.1',
    '::ffff:10.2.0.1',
    '192.0.2.8',
    '2001:db9::5',
    '::2',
    '',
    'acme',
    '10.1.2.3:80',
    undefined,
  ])('has not %s', (address) => {
    expect(list.includes(address)).toBe(false);
  });

  it('knows an IPv4 block that is written as IPv6', () => {
    const mapped = new AddressList(['::ffff:10.1.0.0/112']);
    expect(mapped.includes('::ffff:10.1.2.3')).toBe(true);
    expect(mapped.includes('10.1.2.3')).toBe(true);
    expect(mapped.includes('10.2.2.3')).toBe(false);
  });
});
