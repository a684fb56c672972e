import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import {
  ACME,
  parseAcme,
  parseServices,
  problemLines,
  webhookSecret,
} from '../../test/support/config-problems.js';
import type { ExternalConfig } from './external-config.js';
import { OPERATION_NAMES } from './external-operation.js';

const SECRET = webhookSecret();

describe('an entry of the externals file', () => {
  it('needs a name and an address, and fills in the rest', () => {
    expect(parseServices([ACME])).toEqual([
      {
        name: 'acme',
        baseUrl: 'https://acme.internal/payments',
        timeoutMs: 10_000,
        maxConcurrency: 200,
        auth: { type: 'none' },
        callbackAuth: { type: 'none' },
        callbackAllowedIps: undefined,
        operations: {},
        honoursIdempotencyKey: false,
        statusByShopTransactionId: false,
        reuseConnections: true,
        maxConnectionAgeMs: 300_000,
        duplicatePayments: 'refuse',
        compatibility: undefined,
        callbackStatus: 'queried',
        circuitBreaker: { failures: 5, windowMs: 10_000, openMs: 5_000 },
      } satisfies ExternalConfig,
    ]);
  });

  it('reads every key of SPEC §6', () => {
    const external = parseAcme(
      {
        timeoutMs: 1,
        maxConcurrency: 1,
        auth: { type: 'bearer', token: '${ACME_TOKEN}' },
        callbackAuth: { type: 'standard-webhooks', secret: '${ACME_CALLBACK_SECRET}' },
        callbackAllowedIps: ['10.0.0.0/8', '::1'],
        operations: { refund: true, 'subscription/schedule': false },
        honoursIdempotencyKey: true,
        statusByShopTransactionId: true,
        reuseConnections: false,
        duplicatePayments: 'allow',
        circuitBreaker: { failures: 1 },
      },
      { env: { ACME_TOKEN: 't0ken', ACME_CALLBACK_SECRET: SECRET } },
    );
    expect(external).toMatchObject({
      timeoutMs: 1,
      maxConcurrency: 1,
      callbackAllowedIps: ['10.0.0.0/8', '::1'],
      operations: { refund: true, 'subscription/schedule': false },
      honoursIdempotencyKey: true,
      statusByShopTransactionId: true,
      reuseConnections: false,
      duplicatePayments: 'allow',
      callbackStatus: 'queried',
      circuitBreaker: { failures: 1, windowMs: 10_000, openMs: 5_000 },
    });
    expect(external.auth.type === 'bearer' && external.auth.token.reveal()).toBe('t0ken');
    const { callbackAuth } = external;
    expect(callbackAuth.type === 'standard-webhooks' && callbackAuth.secrets.map((s) => s.reveal())).toEqual([
      SECRET,
    ]);
    expect(inspect(external) + JSON.stringify(external)).not.toMatch(/t0ken|whsec_/);
  });

  it.each<[string, unknown]>([
    ['name of one letter', { externalService: 'a' }],
    ['name of 64', { externalService: 'a-_0'.repeat(16) }],
    ['plain http', { baseUrl: 'http://localhost:9090' }],
    ['longest time-out', { timeoutMs: 600_000 }],
    ['highest concurrency', { maxConcurrency: 100_000 }],
    ['auth none', { auth: { type: 'none' } }],
    ['basic', { auth: { type: 'basic', username: 'jürgen', password: 'p:ä ss' } }],
    ['header', { auth: { type: 'header', name: 'X-Api-Key', value: 'a b' } }],
    [
      'oauth2',
      {
        auth: {
          type: 'oauth2-client-credentials',
          tokenUrl: 'https://l/t?a=b',
          clientId: 'c',
          clientSecret: 's',
        },
      },
    ],
    ['callback bearer', { callbackAuth: { type: 'bearer', token: 'x' } }],
    ['callback basic', { callbackAuth: { type: 'basic', username: 'x', password: 'y' } }],
    [
      'two secrets',
      { callbackAuth: { type: 'standard-webhooks', secret: `${SECRET} whsec_${'A'.repeat(32)}` } },
    ],
    ['every block', { callbackAllowedIps: ['0.0.0.0/0', '::/0', '2001:db8::/128', '1.2.3.4/32'] }],
    ['every operation', { operations: Object.fromEntries(OPERATION_NAMES.map((name) => [name, false])) }],
    ['empty operations', { operations: {} }],
    [
      'breaker at its highest',
      { circuitBreaker: { failures: 100_000, windowMs: 3_600_000, openMs: 3_600_000 } },
    ],
  ])('accepts a %s', (_name, members) => {
    expect(problemLines(() => parseAcme(members as object))).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['externalService', { externalService: '' }],
    ['externalService', { externalService: 'a'.repeat(65) }],
    ['externalService', { externalService: 'ac/me' }],
    ['externalService', { externalService: 'acmé' }],
    ['externalService', { externalService: null }],
    ['externalService', { externalService: undefined }],
    ['baseUrl', { baseUrl: undefined }],
    ['baseUrl', { baseUrl: 'acme.internal' }],
    ['baseUrl', { baseUrl: '//acme.internal' }],
    ['baseUrl', { baseUrl: 'https://' }],
    ['baseUrl', { baseUrl: 'https://acme.internal/?x=1' }],
    ['baseUrl', { baseUrl: 'https://acme.internal/?' }],
    ['baseUrl', { baseUrl: 'https://acme.internal/#x' }],
    ['baseUrl', { baseUrl: 'https://user:pw@acme.internal' }],
    ['baseUrl', { baseUrl: 'ht\ntps://acme.internal' }],
    ['baseUrl', { baseUrl: ' https://acme.internal' }],
    ['baseUrl', { baseUrl: 'https:\\\\acme.internal' }],
    ['baseUrl', { baseUrl: ['https://acme.internal'] }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: 600_001 }],
    ['timeoutMs', { timeoutMs: 12.5 }],
    ['timeoutMs', { timeoutMs: null }],
    ['maxConcurrency', { maxConcurrency: 0 }],
    ['maxConcurrency', { maxConcurrency: 100_001 }],
    ['auth', { auth: null }],
    ['auth', { auth: [] }],
    ['auth/type', { auth: {} }],
    ['auth/type', { auth: { type: 'digest' } }],
    ['auth/type', { auth: { type: 'constructor' } }],
    ['auth/type', { auth: { type: 'standard-webhooks', secret: SECRET } }],
    ['auth/token', { auth: { type: 'none', token: 'x' } }],
    ['auth/token', { auth: { type: 'bearer' } }],
    ['auth/token', { auth: { type: 'bearer', token: '' } }],
    ['auth/token', { auth: { type: 'bearer', token: 'a b' } }],
    ['auth/token', { auth: { type: 'bearer', token: 'a\r\nX-Evil: 1' } }],
    ['auth/username', { auth: { type: 'basic', username: 'a:b', password: 'x' } }],
    ['auth/password', { auth: { type: 'basic', username: 'a', password: 'x\n' } }],
    ['auth/name', { auth: { type: 'header', name: 'X Key', value: 'x' } }],
    ['auth/name', { auth: { type: 'header', name: 'Idempotency-Key', value: 'x' } }],
    ['auth/name', { auth: { type: 'header', name: 'content-length', value: 'x' } }],
    ['auth/value', { auth: { type: 'header', name: 'X-Key', value: 'x\n' } }],
    [
      'auth/tokenUrl',
      { auth: { type: 'oauth2-client-credentials', tokenUrl: 'x', clientId: 'c', clientSecret: 's' } },
    ],
    [
      'auth/clientSecret',
      { auth: { type: 'oauth2-client-credentials', tokenUrl: 'http://l', clientId: 'c' } },
    ],
    ['callbackAuth/type', { callbackAuth: { type: 'mtls' } }],
    ['callbackAuth/secret', { callbackAuth: { type: 'standard-webhooks', secret: 'plain' } }],
    ['callbackAllowedIps', { callbackAllowedIps: [] }],
    ['callbackAllowedIps', { callbackAllowedIps: '10.0.0.0/8' }],
    ['callbackAllowedIps/1', { callbackAllowedIps: ['::1', '10.0.0.0/33'] }],
    ['callbackAllowedIps/0', { callbackAllowedIps: ['10.0.0'] }],
    ['callbackAllowedIps/0', { callbackAllowedIps: ['10.0.0.0/8/8'] }],
    ['callbackAllowedIps/0', { callbackAllowedIps: ['::/129'] }],
    ['callbackAllowedIps/0', { callbackAllowedIps: ['fe80::1%eth0'] }],
    ['callbackAllowedIps/0', { callbackAllowedIps: ['localhost'] }],
    ['operations', { operations: ['refund'] }],
    ['operations/callback', { operations: { callback: false } }],
    ['operations/subscription~1stop', { operations: { 'subscription/stop': false } }],
    ['operations/refund', { operations: { refund: 'no' } }],
    ['operations/toString', { operations: { toString: true } }],
    ['honoursIdempotencyKey', { honoursIdempotencyKey: 1 }],
    ['statusByShopTransactionId', { statusByShopTransactionId: 'true' }],
    ['reuseConnections', { reuseConnections: 'no' }],
    ['callbackStatus', { callbackStatus: 'believed' }],
    ['duplicatePayments', { duplicatePayments: true }],
    ['duplicatePayments', { duplicatePayments: 'ignore' }],
    ['circuitBreaker', { circuitBreaker: false }],
    ['circuitBreaker/failures', { circuitBreaker: { failures: 0 } }],
    ['circuitBreaker/windowMs', { circuitBreaker: { windowMs: 3_600_001 } }],
    ['circuitBreaker/openMs', { circuitBreaker: { openMs: -1 } }],
    ['circuitBreaker/halfOpen', { circuitBreaker: { halfOpen: 1 } }],
    ['TimeoutMs', { TimeoutMs: 1 }],
    ['constructor', { constructor: 1 }],
    ['a~1b~0c', { 'a/b~c': 1 }],
    ['line\\nbreak', { 'line\nbreak': 1 }],
  ])('refuses a wrong %s: %j', (pointer, members) => {
    const lines = problemLines(() => parseAcme(members as object));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`externals.json#/externalServices/0/${pointer}: must `);
  });

  it.each([
    ['https://ACME.internal:443/', 'https://acme.internal'],
    ['https://acme.internal', 'https://acme.internal'],
    ['https://acme.internal/payments//', 'https://acme.internal/payments'],
    ['http://[::1]:9090/a', 'http://[::1]:9090/a'],
  ])('reads the address %s as %s', (text, baseUrl) => {
    expect(parseAcme({ baseUrl: text }).baseUrl).toBe(baseUrl);
  });
});
