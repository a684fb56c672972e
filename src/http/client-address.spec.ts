import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import express from 'express';
import { bareAddress, clientNetworkOf, networkOf, trustProxies } from './client-address.js';

describe('bareAddress', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:51008', '203.0.113.9'],
    ['"203.0.113.9:51008"', '203.0.113.9'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['"[2001:db8::1]:443"', '2001:db8::1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:443', 'fe80::1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['[::ffff:cb00:7109]:51008', '203.0.113.9'],
    ['::1', '::1'],
  ])('reads %s as %s', (entry, address) => {
    expect(bareAddress(entry)).toBe(address);
  });

  it.each([
    undefined,
    '',
    'unknown',
    '_hidden',
    'for=203.0.113.9',
    '203.0.113.9:port',
    '203.0.113.9:510080',
    '203.0.113.999:80',
    '203.0.113.9%eth0',
    '203.0.113.9/24',
    '0313.0.0113.9',
    '[203.0.113.9',
    '[2001:db8::1]443',
    '[acme]:443',
    'acme.example:443',
    '2001:db8::1::2',
    '203.0.113.9 198.51.100.1',
  ])('finds no address in %s', (entry) => {
    expect(bareAddress(entry)).toBeUndefined();
  });
});

describe('networkOf', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8::5:6', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    [undefined, 'unknown'],
  ])('%s belongs to %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('clientNetworkOf', () => {
  const networkBehind = (trusted: string | number | undefined, remoteAddress: string, forwarded?: string) => {
    const app = express();
    if (trusted !== undefined) trustProxies(app, trusted);
    const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress });
    const request = new IncomingMessage(socket);
    if (forwarded !== undefined) request.headers['x-forwarded-for'] = forwarded;
    return clientNetworkOf(app, request);
  };

  it.each([
    [undefined, '192.0.2.1', '203.0.113.9', '192.0.2.1'],
    [1, '192.0.2.1', '203.0.113.7, 203.0.113.9', '203.0.113.9'],
    [1, '192.0.2.1', undefined, '192.0.2.1'],
    [1, '192.0.2.1', 'unknown', 'unknown'],
    ['192.0.2.0/24', '::ffff:192.0.2.1', '2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['192.0.2.0/24', '198.51.100.1', '203.0.113.9', '198.51.100.1'],
  ])('behind %p, of %s that forwards %s, is %s', (trusted, remoteAddress, forwarded, network) => {
    expect(networkBehind(trusted, remoteAddress, forwarded)).toBe(network);
  });
});
