import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { externalConfig } from '../../test/support/provider.js';
import { loadConfig } from '../config/load-config.js';
import { Secret } from '../sensitive/secret.js';
import { startReport } from './start-report.js';

describe('the report of the start', () => {
  const external = externalConfig({
    baseUrl: 'https://acme.test/with-a-token',
    auth: { type: 'bearer', token: new Secret('s3cret-token') },
  });

  it('lists what runs, and warnings', () => {
    const config = loadConfig({ DATABASE_URL: 'sqlite:./data/test.db', API_AUTH: 'optional' });
    expect(startReport(config, [external], '0.0.0.0:8080')).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      node: process.versions.node,
      address: '0.0.0.0:8080',
      database: `sqlite:${resolve('data/test.db')}`,
      ledger: 'in use',
      callerAuth: 'optional',
      externals: [{ name: 'acme', auth: 'bearer', callbackAuth: 'none' }],
      receiver: 'simulator',
      workers: true,
      tracing: false,
      warnings: [expect.stringContaining('API_AUTH=optional'), expect.stringContaining('acme')],
    });
  });

  it('says in capitals that the ledger is new', () => {
    const config = loadConfig({ DATABASE_URL: 'sqlite::memory:' });
    expect(startReport(config, [], '0.0.0.0:8080', true)).toMatchObject({
      database: 'sqlite::memory:',
      ledger: 'NEW, EMPTY LEDGER',
    });
  });

  it('begins its warnings with misspelt variables', () => {
    const report = startReport(loadConfig({}), [], '0.0.0.0:8080', true, ['HTTP_PROT: …']);
    expect(report.warnings[0]).toBe('HTTP_PROT: …');
  });

  it('holds no secret, no database password, and only the host of the receiver', () => {
    const config = loadConfig({
      DATABASE_URL: 'postgres://tollgate:s3cret-password@db.test/tollgate',
      API_KEYS: 'shop:s3cret-key-of-the-shop',
      PAYMENT_CALLBACK_URL: 'https://shop.test/hook?s3cret',
      NOTIFICATION_SECRET: `whsec_${Buffer.alloc(32).toString('base64')}`,
    });
    const report = startReport(config, [external], '0.0.0.0:8080');
    expect(report).toMatchObject({ database: 'postgres', receiver: 'shop.test' });
    expect(JSON.stringify(report)).not.toMatch(/s3cret|whsec_/);
  });
});
