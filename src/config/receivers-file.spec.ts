import { describe, expect, it } from '@jest/globals';
import { noFiles, problemLines, webhookSecret } from '../../test/support/config-problems.js';
import { Secret } from '../sensitive/secret.js';
import type { ReceiverConfig } from './receiver-config.js';
import { readReceiversFile } from './receivers-file.js';

const ERP = {
  receiver: 'erp',
  url: 'https://erp.internal/hook?a=1',
  secret: webhookSecret(),
  events: ['refund'],
};

interface Options {
  readonly production?: boolean;
  readonly allowHttpHosts?: readonly string[];
  readonly env?: Record<string, string>;
}

function read(receivers: unknown, { production = false, allowHttpHosts = [], env = {} }: Options = {}) {
  const source = { path: 'receivers.json', production, allowHttpHosts };
  return readReceiversFile(
    source,
    (path) => (path === 'receivers.json' ? JSON.stringify({ receivers }) : noFiles(path)),
    env,
  );
}

describe('the receivers file', () => {
  it('is read with its placeholders, deeply frozen', () => {
    const [erp, crm] = read(
      [
        { ...ERP, secret: '${ERP_SECRET}' },
        { ...ERP, receiver: 'crm', events: ['payment', 'subscription'], externals: ['acme'] },
      ],
      { env: { ERP_SECRET: webhookSecret() } },
    ) as [ReceiverConfig, ReceiverConfig];
    expect(erp).toEqual({
      name: 'erp',
      url: 'https://erp.internal/hook?a=1',
      secrets: [new Secret(webhookSecret())],
      events: ['refund'],
      externals: undefined,
    });
    expect(crm).toMatchObject({ name: 'crm', events: ['payment', 'subscription'], externals: ['acme'] });
    expect([erp, erp.events, crm.externals].every(Object.isFrozen)).toBe(true);
  });

  it('may be without a receiver', () => {
    expect(read([])).toEqual([]);
  });

  it.each<[string, unknown, Options, string]>([
    ['no array', {}, {}, '/receivers: must be an array of receivers; got an object'],
    ['no object', ['erp'], {}, '/receivers/0: must be an object; got "erp"'],
    [
      'a bad name',
      [{ ...ERP, receiver: 'ERP' }],
      {},
      '/receivers/0/receiver: must be 1 to 64 of a-z 0-9 - _; got "ERP"',
    ],
    ['a name twice', [ERP, ERP], {}, '/receivers/1/receiver: must be unique; got "erp", as at /receivers/0'],
    [
      'the name of PAYMENT_CALLBACK_URL',
      [{ ...ERP, receiver: 'payment-callback' }],
      {},
      '/receivers/0/receiver: must be unique; got "payment-callback", as the receiver of PAYMENT_CALLBACK_URL',
    ],
    [
      'no events',
      [{ ...ERP, events: [] }],
      {},
      '/receivers/0/events: must be a non-empty array of payment, refund, subscription; got an empty array',
    ],
    [
      'an unknown event',
      [{ ...ERP, events: ['payout'] }],
      {},
      '/receivers/0/events/0: must be one of payment, refund, subscription; got "payout"',
    ],
    [
      'no externals',
      [{ ...ERP, externals: [] }],
      {},
      '/receivers/0/externals: must be a non-empty array of names of externals; got an empty array',
    ],
    [
      'an unknown key',
      [{ ...ERP, retries: 1 }],
      {},
      '/receivers/0/retries: must not be here; known keys: receiver, url, secret, events, externals',
    ],
    [
      'no such variable',
      [{ ...ERP, secret: '${ERP_SECRET}' }],
      {},
      '/receivers/0/secret: must be resolvable, but ${ERP_SECRET} is not set in the environment',
    ],
    [
      'http in production',
      [{ ...ERP, url: 'http://erp.internal' }],
      { production: true },
      '/receivers/0/url: must be an https URL when NODE_ENV=production, or its host listed in ALLOW_HTTP_HOSTS; got "http://erp.internal"',
    ],
    [
      'a placeholder in production',
      [{ ...ERP, secret: `whsec_${Buffer.from('change-me-change-me-change-me').toString('base64')}` }],
      { production: true },
      '/receivers/0/secret: must not be a placeholder or an example when NODE_ENV=production; got ***',
    ],
  ])('with %s is refused', (_what, receivers, options, problem) => {
    expect(problemLines(() => read(receivers, options))).toContain(`receivers.json#${problem}`);
  });

  it('may name an allowed http host in production', () => {
    const options = { production: true, allowHttpHosts: ['erp.internal'] };
    expect(read([{ ...ERP, url: 'http://erp.internal' }], options)).toHaveLength(1);
  });

  it('that cannot be read is refused', () => {
    const source = { path: 'none.json', production: false, allowHttpHosts: [] };
    expect(problemLines(() => readReceiversFile(source, noFiles))).toEqual([
      'none.json#: must be a file that can be read; got ENOENT',
    ]);
  });
});
