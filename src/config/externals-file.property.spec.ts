import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { noFiles } from '../../test/support/config-problems.js';
import { ConfigError } from './config-error.js';
import { parseExternals, type ParseOptions } from './externals-file.js';

describe('parseExternals of any text', () => {
  const options: ParseOptions = { env: { A: 'x' }, enabled: undefined, readFile: noFiles };
  /** Whether `text` is refused; fails where that is said by another error. */
  const isRefused = (text: string, enabled?: string[]): boolean => {
    try {
      parseExternals(text, { ...options, enabled });
      return false;
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      return true;
    }
  };
  /** No random text happens to be an externals file. */
  const expectRefusal = (text: string): void => expect([text, isRefused(text)]).toEqual([text, true]);

  it('is text, nothing but ConfigError is thrown', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('utf16le')),
        ),
        expectRefusal,
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  it('is JSON, nothing but ConfigError is thrown', () => {
    fc.assert(fc.property(fc.json(), expectRefusal), { seed: 2, numRuns: 300 });
  });

  it('is nearly an externals file, nothing but ConfigError is thrown', () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('acme', '${A}', '${', 'http://a', 'none', 'mtls', 'header', 7),
    );
    const keys = [
      'externalService',
      'baseUrl',
      'auth',
      'callbackAuth',
      'operations',
      'callbackAllowedIps',
      '__proto__',
    ];
    const auth = fc.dictionary(
      fc.constantFrom('type', 'token', 'name', 'value', 'certFile', 'secret'),
      value,
    );
    const service = fc.dictionary(
      fc.constantFrom(...keys, 'timeoutMs', 'circuitBreaker'),
      fc.oneof(value, auth),
    );
    const services = fc.array(fc.oneof(value, service), { maxLength: 4 });
    const enabled = fc.option(fc.array(fc.constantFrom('acme', 'x', 'a')), { nil: undefined });
    let refused = 0;
    fc.assert(
      fc.property(services, enabled, (externalServices, names) => {
        if (isRefused(JSON.stringify({ externalServices }), names)) refused += 1;
      }),
      { seed: 3, numRuns: 1_000 },
    );
    expect(refused).toBeGreaterThan(900);
  });

  it('is deep, nothing but ConfigError is thrown', () => {
    expect(isRefused(`{"externalServices":${'['.repeat(200_000)}${']'.repeat(200_000)}}`)).toBe(true);
    expect(isRefused('{"a":'.repeat(100_000))).toBe(true);
  });
});
