import { createHash } from 'node:crypto';
import { expect } from '@jest/globals';
import { ConfigError } from '../../src/config/config-error.js';
import type { ExternalConfig } from '../../src/config/external-config.js';
import { parseExternals, type ParseOptions } from '../../src/config/externals-file.js';

/** An entry of an externals file with no more than it needs. */
export const ACME = { externalService: 'acme', baseUrl: 'https://acme.internal/payments' };

/** `whsec_…` of this number of bytes, always the same. */
export function webhookSecret(bytes = 32): string {
  return `whsec_${createHash('shake256', { outputLength: bytes }).update('webhook').digest('base64')}`;
}

/** A file reader without files. */
export function noFiles(path: string): string {
  throw Object.assign(new Error(path), { code: 'ENOENT' });
}

export function parseText(text: string, options: Partial<ParseOptions> = {}): readonly ExternalConfig[] {
  return parseExternals(text, { env: {}, enabled: undefined, readFile: noFiles, ...options });
}

export function parseServices(services: unknown, options?: Partial<ParseOptions>): readonly ExternalConfig[] {
  return parseText(JSON.stringify({ externalServices: services }), options);
}

/** `acme` with these additional or changed members. */
export function parseAcme(members: object, options?: Partial<ParseOptions>): ExternalConfig {
  return parseServices([{ ...ACME, ...members }], options)[0]!;
}

/** The lines of errors of a configuration; none if it is valid. */
export function problemLines(read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const lines = error.message.split('\n');
    expect(lines).toHaveLength(error.problems.length);
    return lines;
  }
}
