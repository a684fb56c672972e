import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { CallersConfig } from '../config/config.js';
import { ConfigError } from '../config/config-error.js';
import { parseApiKeys } from './api-keys-file.js';
import { Metrics } from '../observability/metrics/metrics.js';
import { ApiKeys } from './api-keys.js';
import { sha256 } from './digest.js';
import { Secret } from '../sensitive/secret.js';
import { SecurityMetrics } from './security.metrics.js';

const hex = (secret: string): string => sha256(secret).toString('hex');
const linesOf = (read: () => unknown): readonly string[] => {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

describe('the file of API keys', () => {
  it('reads name, digest, scopes and externals', () => {
    const keys = parseApiKeys(
      JSON.stringify([
        { name: 'shop', sha256: hex('a') },
        { name: 'books', sha256: hex('b').toUpperCase(), scopes: ['read', 'refunds'], externals: ['acme'] },
      ]),
      'keys.json',
    );
    expect(keys).toEqual([
      {
        name: 'shop',
        digest: sha256('a'),
        scopes: ['payments', 'refunds', 'subscriptions', 'read'],
        externals: undefined,
      },
      { name: 'books', digest: sha256('b'), scopes: ['read', 'refunds'], externals: ['acme'] },
    ]);
  });

  it('is valid as docs/configuration.md shows it', () => {
    const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    const example = /## The file of API keys.*?```json\n(.*?)```/s.exec(page)![1]!;
    expect(parseApiKeys(example, 'keys.json', [], true).map(({ name }) => name)).toEqual([
      'shop',
      'accounting',
    ]);
  });

  it('has no guessable secrets in production', () => {
    const secrets = ['test', 'test2', '', '0417', 'Change-me', 'PASSWORD123!', 'hQ3vN8rT5wZ2yB7kM4pX9c'];
    const text = JSON.stringify(secrets.map((secret, at) => ({ name: `key-${at}`, sha256: hex(secret) })));
    expect(parseApiKeys(text, 'keys.json')).toHaveLength(secrets.length);
    const lines = linesOf(() => parseApiKeys(text, 'keys.json', [], true));
    expect(lines.map((line) => line.split(': ', 1)[0])).toEqual(
      [0, 1, 2, 3, 4, 5].map((at) => `keys.json#/${at}/sha256`),
    );
    expect(lines.join()).not.toContain('test');
  });

  it('may be without keys', () => {
    expect(parseApiKeys('[]', 'keys.json')).toEqual([]);
  });

  it('reports every mistake at once, and no secret that stands in place of its digest', () => {
    const text = JSON.stringify([
      { name: 'a b', sha256: 'my-real-secret' },
      { name: 'shop', sha256: hex('a'), scopes: [], externals: ['ACME'], note: 1 },
      { name: 'shop', sha256: hex('a'), scopes: ['root'] },
      { name: 'boss', sha256: hex('c'), scopes: ['admin'], externals: ['acme'] },
      { name: 'taken', sha256: hex('d') },
      7,
    ]);
    const taken = [{ name: 'taken', digest: sha256('d'), scopes: [], externals: undefined }];
    const lines = linesOf(() => parseApiKeys(text, 'keys.json', taken));
    expect(lines.map((line) => line.split(': ', 1)[0])).toEqual([
      'keys.json#/0/name',
      'keys.json#/0/sha256',
      'keys.json#/1/note',
      'keys.json#/1/scopes',
      'keys.json#/1/externals/0',
      'keys.json#/2/scopes/0',
      'keys.json#/5',
      'keys.json#/3/externals',
      'keys.json#/4/name',
      'keys.json#/4/sha256',
    ]);
    expect(lines.join()).not.toContain('my-real-secret');
  });

  it.each([
    ['nothing', '', 'line 1, column 1'],
    ['an object', '{"name":"shop"}', 'must be an array'],
    ['a member twice', '[{"name":"a","name":"b"}]', '/0/name: must be given once'],
    ['1,001 keys', `[${'1,'.repeat(1_000)}1]`, 'must be an array of 1000 keys at most'],
  ])('refuses %s', (_what, text, expected) => {
    expect(linesOf(() => parseApiKeys(text, 'keys.json')).join('\n')).toContain(expected);
  });
});

describe('ApiKeys', () => {
  let folder: string;
  let keysFile: string;
  let keys: ApiKeys | undefined;
  let rejected: unknown[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tollgate-keys-'));
    keysFile = join(folder, 'keys.json');
    rejected = [];
    jest.spyOn(Logger.prototype, 'error').mockImplementation((message) => void rejected.push(message));
    jest.spyOn(Logger.prototype, 'log').mockReturnValue();
  });
  afterEach(() => {
    jest.restoreAllMocks();
    keys?.onApplicationShutdown();
    keys = undefined;
    rmSync(folder, { recursive: true });
  });

  const write = (value: unknown): void => writeFileSync(keysFile, JSON.stringify(value));
  const open = (more: Partial<CallersConfig> = {}): ApiKeys => {
    const config = {
      auth: 'required',
      keys: [],
      keysFile,
      oidc: undefined,
      rateLimit: undefined,
      ...more,
    } as const;
    return (keys = new ApiKeys(config, new SecurityMetrics(new Metrics()), { pollIntervalMs: 60_000 }));
  };

  it('finds a key by its secret, of the environment and of the file', () => {
    write([{ name: 'filed', sha256: hex('b'), scopes: ['read'], externals: ['acme'] }]);
    const { find } = { find: (secret: string) => keys!.find(secret) };
    open({ keys: [{ name: 'configured', secret: new Secret('a'), scopes: ['payments'] }] });
    expect(find('a')).toEqual({ name: 'configured', scopes: new Set(['payments']), externals: undefined });
    expect(find('b')).toEqual({ name: 'filed', scopes: new Set(['read']), externals: new Set(['acme']) });
    expect([find('c'), find(''), find(hex('b')), find('configured')]).toEqual(Array(4).fill(undefined));
  });

  it('follows the file, and keeps what was there before an invalid change', async () => {
    write([{ name: 'one', sha256: hex('a') }]);
    open();
    write([{ name: 'two', sha256: hex('b') }]);
    await keys!.check();
    expect([keys!.find('a'), keys!.find('b')?.name]).toEqual([undefined, 'two']);

    writeFileSync(keysFile, '[{');
    await keys!.check();
    expect(keys!.find('b')?.name).toBe('two');
    expect(rejected).toHaveLength(1);

    rmSync(keysFile);
    await keys!.check();
    expect(keys!.find('b')?.name).toBe('two');

    write([]);
    await keys!.check();
    expect(keys!.find('b')).toBeUndefined();
  });

  it('does not start with a file that is not valid, cannot be read, or locks everybody out', () => {
    expect(linesOf(() => open())).toEqual([expect.stringContaining('ENOENT')]);
    write([{}]);
    expect(linesOf(() => open())).toHaveLength(2);
    write([]);
    expect(linesOf(() => open())).toEqual([expect.stringContaining('must have at least one key')]);
    expect(linesOf(() => open({ auth: 'optional' }))).toEqual([]);
  });
});
