import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ConfigError } from './config-error.js';
import { readConfig } from './read-config.js';

describe('readConfig', () => {
  let folder: string;
  let file: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tollgate-config-'));
    file = join(folder, 'externals.json');
    const externals = [
      { externalService: 'acme', baseUrl: 'acme.internal', auth: { type: 'bearer', token: '${ACME_TOKEN}' } },
    ];
    writeFileSync(file, JSON.stringify({ externalServices: externals }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const problemsOf = (env: Record<string, string>): readonly string[] => {
    try {
      readConfig(env);
      return [];
    } catch (error) {
      return (error as ConfigError).problems.map(
        (problem) => problem.replace(file, 'FILE').split(': ', 1)[0]!,
      );
    }
  };

  it('tells the problems of environment and externals file at once', () => {
    const env = {
      EXTERNAL_PROVIDERS_CONFIG: file,
      HTTP_PORT: '80a',
      NODE_ENV: 'production',
      API_AUTH: 'none',
    };
    expect(problemsOf(env)).toEqual([
      'HTTP_PORT',
      'PAYMENT_CALLBACK_URL',
      'NOTIFICATION_SECRET',
      'FILE#/externalServices/0/baseUrl',
      'FILE#/externalServices/0/auth/token',
    ]);
    expect(problemsOf({ ...env, EXTERNAL_PROVIDERS_CONFIG: join(folder, 'none') })).toContain(
      `${folder}/none#`,
    );
  });

  it('does not guess at the file where the environment does not say what it must have', () => {
    expect(problemsOf({ EXTERNAL_PROVIDERS_CONFIG: file, ENABLED_PROVIDERS: 'Acme' })).toEqual([
      'ENABLED_PROVIDERS',
    ]);
  });

  it('leaves the file to the registry where the environment is in order', () => {
    expect(readConfig({ EXTERNAL_PROVIDERS_CONFIG: file }).externals).toMatchObject({
      kind: 'file',
      path: file,
    });
  });
});
