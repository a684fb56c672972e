import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { noFiles } from '../../test/support/config-problems.js';
import { ExternalsFileError } from './externals-file-error.js';
import { parseExternals, type ParseOptions } from './externals-file.js';

describe('whatever the text', () => {
  const options: ParseOptions = { env: { A: 'x' }, enabled: undefined, readFile: noFiles };
  const throwsOnlyItsOwn = (text: string, enabled?: string[]): void => {
    try {
      parseExternals(text, { ...options, enabled });
    } catch (error) {
      expect(error).toBeInstanceOf(ExternalsFileError);
    }
  };

  it('is text, nothing but ExternalsFileError is thrown', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('utf16le')),
        ),
        (text) => throwsOnlyItsOwn(text),
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  it('is JSON, nothing but ExternalsFileError is thrown', () => {
    fc.assert(
      fc.property(fc.json(), (text) => throwsOnlyItsOwn(text)),
      { seed: 2, numRuns: 300 },
    );
  });

  it('is nearly an externals file, nothing but ExternalsFileError is thrown', () => {
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
    fc.assert(
      fc.property(services, enabled, (externalServices, names) =>
        throwsOnlyItsOwn(JSON.stringify({ externalServices }), names),
      ),
      { seed: 3, numRuns: 1_000 },
    );
  });

  it('is deep, nothing but ExternalsFileError is thrown', () => {
    throwsOnlyItsOwn(`{"externalServices":${'['.repeat(200_000)}${']'.repeat(200_000)}}`);
    throwsOnlyItsOwn('{"a":'.repeat(100_000));
  });
});
