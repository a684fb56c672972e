import { describe, expect, it } from '@jest/globals';
import { ACME, parseAcme, webhookSecret } from '../../test/support/config-problems.js';
import { configurationWarnings, externalsWarnings, receiversWarnings } from './configuration-warnings.js';
import { loadConfig } from './load-config.js';
import type { ReceiverConfig } from './receiver-config.js';

const PRODUCTION = {
  NODE_ENV: 'production',
  EXTERNAL_PROVIDERS_CONFIG: '/etc/tollgate/externals.json',
  PAYMENT_CALLBACK_URL: 'https://shop.internal/payments',
  NOTIFICATION_SECRET: webhookSecret(),
  API_KEYS: 'shop:hQ3vN8rT5wZ2yB7kM4pX9c',
  FINGERPRINT_KEY: '6f0c1d2be87a94513c7e0b8da2f6914e5d30c7b98f1a624ee9b0d7531c8af246',
  DATABASE_URL: 'sqlite:/var/lib/tollgate/tollgate.db',
};

describe('configurationWarnings', () => {
  it('has nothing to say of a careful production', () => {
    expect(configurationWarnings(loadConfig(PRODUCTION))).toEqual([]);
  });

  it.each([
    ['API_AUTH=optional', { API_AUTH: 'optional' }],
    ['API_AUTH=none', { API_AUTH: 'none' }],
    ['DATABASE_URL=sqlite::memory:', { DATABASE_URL: 'sqlite::memory:' }],
  ])('warns of %s', (beginning, env) => {
    const warnings = configurationWarnings(loadConfig({ ...PRODUCTION, ...env }));
    expect(warnings).toEqual([expect.stringMatching(new RegExp(`^${beginning}`))]);
  });

  it('reports a receiver that is missing or cannot verify', () => {
    const open = { API_AUTH: 'required', API_KEYS: PRODUCTION.API_KEYS };
    expect(configurationWarnings(loadConfig({ ...open, EXTERNAL_PROVIDERS_CONFIG: 'x.json' }))).toEqual([
      'PAYMENT_CALLBACK_URL is not set: no notifications are sent',
    ]);
    expect(configurationWarnings(loadConfig({ ...open, PAYMENT_CALLBACK_URL: 'http://shop' }))).toEqual([
      'NOTIFICATION_SECRET is not set: the receiver cannot verify notifications',
    ]);
  });

  it('names keys that can be guessed', () => {
    const guessable = { API_AUTH: 'required', API_KEYS: `shop:hQ3vN8rT5wZ2yB7kM4pX9,erp:${'ab'.repeat(20)}` };
    expect(configurationWarnings(loadConfig(guessable))).toEqual([
      'API_KEYS: the secret of shop can be guessed; in production it must have at least 22 characters',
      'API_KEYS: the secret of erp can be guessed; in production it must not be a placeholder or an example',
    ]);
  });

  it('shows no secret', () => {
    expect(configurationWarnings(loadConfig({ API_KEYS: 'shop:hunter2' })).join()).not.toContain('hunter2');
  });
});

describe('externalsWarnings', () => {
  const production = loadConfig(PRODUCTION);
  const callbackAuth = { type: 'bearer', token: 'x' };
  const auth = {
    type: 'oauth2-client-credentials',
    tokenUrl: 'http://login.internal/token',
    clientId: 'c',
    clientSecret: 's',
  };

  it('names externals whose callbacks anyone may send', () => {
    expect(externalsWarnings([parseAcme({})], production)).toEqual([
      expect.stringMatching(/acme: no callbackAuth/),
    ]);
    expect(externalsWarnings([parseAcme({ ...ACME, callbackAuth })], production)).toEqual([]);
  });

  it('names externals whose payments can only be settled by hand', () => {
    const signed = { type: 'standard-webhooks', secret: `whsec_${Buffer.alloc(32, 7).toString('base64')}` };
    const mute = { ...ACME, callbackAuth: signed, operations: { status: false } };
    expect(externalsWarnings([parseAcme(mute)], production)).toEqual([
      expect.stringMatching(/acme: it can neither be asked .* only be settled by hand/),
    ]);
    expect(externalsWarnings([parseAcme({ ...mute, callbackStatus: 'trusted' })], production)).toEqual([]);
  });

  it('names, in production, what is sent unencrypted', () => {
    const open = [parseAcme({ callbackAuth, auth, baseUrl: 'http://acme.internal' })];
    expect(externalsWarnings(open, production)).toEqual([
      expect.stringMatching(/acme: baseUrl is not https/),
      expect.stringMatching(/acme: auth\.tokenUrl is not https/),
    ]);
    expect(externalsWarnings(open, loadConfig({}))).toEqual([]);
  });
});

describe('receiversWarnings', () => {
  const erp: ReceiverConfig = {
    name: 'erp',
    url: 'https://erp',
    secrets: [],
    events: ['payment'],
    externals: undefined,
  };

  it('names externals that do not exist', () => {
    const receivers = [{ ...erp, externals: ['acme', 'acmee'] }, erp];
    expect(receiversWarnings(receivers, ['acme'])).toEqual([
      'receiver erp: there is no external acmee, of which it is to be notified',
    ]);
  });
});
