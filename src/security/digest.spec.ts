import { describe, expect, it } from '@jest/globals';
import { equalDigests, sha256 } from './digest.js';

describe('sha256', () => {
  it('gives the known answer of FIPS 180-2 for "abc"', () => {
    expect(sha256('abc').toString('hex')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('reads text as UTF-8', () => {
    expect(sha256('€')).toEqual(sha256(Buffer.from([0xe2, 0x82, 0xac]).toString()));
    expect(sha256('€')).not.toEqual(sha256('?'));
  });
});

describe('equalDigests', () => {
  it('distinguishes equal and different digests', () => {
    expect(equalDigests(sha256('one'), sha256('one'))).toBe(true);
    expect(equalDigests(sha256('one'), sha256('two'))).toBe(false);
  });

  it('finds digests of different lengths different, without throwing', () => {
    expect(equalDigests(sha256('one'), sha256('one').subarray(1))).toBe(false);
    expect(equalDigests(Buffer.alloc(0), sha256('one'))).toBe(false);
  });
});
