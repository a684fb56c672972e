import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/load-config.js';
import { parseApiKeys } from '../../src/security/api-keys-file.js';
import { decodeWebhookSecret } from '../../src/webhooks/standard-webhooks.js';
import { runCli } from './cli.js';

interface MadeKey {
  readonly secret: string;
  readonly entry: { readonly name: string; readonly sha256: string };
}

async function made(...args: string[]): Promise<MadeKey> {
  const { exitCode, stdout } = await runCli('keys', ...args, '--json');
  expect(exitCode).toBeUndefined();
  return JSON.parse(stdout) as MadeKey;
}

describe('tollgate keys', () => {
  it('makes an API key whose entry the gateway accepts in production', async () => {
    const { secret, entry } = await made(
      'api',
      'till',
      '--scopes',
      'payments,read',
      '--externals',
      'acme,b2',
    );
    expect(entry.sha256).toBe(createHash('sha256').update(secret).digest('hex'));
    expect(parseApiKeys(JSON.stringify([entry]), 'keys.json', [], true)).toEqual([
      {
        name: 'till',
        digest: Buffer.from(entry.sha256, 'hex'),
        scopes: ['payments', 'read'],
        externals: ['acme', 'b2'],
      },
    ]);
  });

  it('makes another key each time, usable in API_KEYS too', async () => {
    const [one, two] = [await made('api', 'shop'), await made('api', 'shop')];
    expect(one.secret).not.toBe(two.secret);
    expect(loadConfig({ API_KEYS: `shop:${one.secret}` }).callers.keys).toHaveLength(1);
  });

  it.each([
    [['api', 'a shop'], 'NAME must be 1 to 64 of A-Z a-z 0-9 . _ -; got "a shop"'],
    [['api', 'shop', '--scopes', 'payment'], '--scopes must be of payments, refunds'],
    [['api', 'shop', '--externals', 'ACME'], '--externals must be 1 to 64 of'],
  ])('refuses %p', async (args, message) => {
    const { exitCode, stdout, stderr } = await runCli('keys', ...args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`tollgate: ${message}`);
  });

  it('prints a secret of Standard Webhooks alone on stdout', async () => {
    const { stdout } = await runCli('keys', 'webhook');
    expect(decodeWebhookSecret(stdout.trim())).toHaveLength(32);
    expect(() => loadConfig({ NOTIFICATION_SECRET: stdout.trim() })).not.toThrow();
  });

  it('prints a fingerprint key', async () => {
    const { stdout } = await runCli('keys', 'fingerprint');
    expect(loadConfig({ FINGERPRINT_KEY: stdout.trim() }).fingerprintKeys).toHaveLength(1);
  });
});
