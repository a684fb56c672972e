import { describe, expect, it } from '@jest/globals';
import type { ExternalConfig } from '../config/external-config.js';
import { Secret } from '../sensitive/secret.js';
import { isSameConfig } from './same-config.js';

const config = (overrides: Partial<ExternalConfig> = {}): ExternalConfig => ({
  name: 'acme',
  baseUrl: 'https://acme.test',
  timeoutMs: 1_000,
  maxConcurrency: 10,
  auth: { type: 'bearer', token: new Secret('one') },
  callbackAuth: { type: 'standard-webhooks', secrets: [new Secret('whsec_a'), new Secret('whsec_b')] },
  callbackAllowedIps: ['10.0.0.0/8'],
  operations: { refund: true },
  honoursIdempotencyKey: false,
  statusByShopTransactionId: false,
  reuseConnections: true,
  maxConnectionAgeMs: 300_000,
  duplicatePayments: 'refuse',
  compatibility: undefined,
  callbackStatus: 'queried',
  circuitBreaker: { failures: 5, windowMs: 10_000, openMs: 5_000 },
  ...overrides,
});

describe('isSameConfig', () => {
  it('finds equal configurations equal', () => {
    expect(isSameConfig(config(), config())).toBe(true);
  });

  it.each<Partial<ExternalConfig>>([
    { baseUrl: 'https://acme.test/v2' },
    { auth: { type: 'bearer', token: new Secret('two') } },
    { auth: { type: 'none' } },
    { callbackAuth: { type: 'standard-webhooks', secrets: [new Secret('whsec_a')] } },
    { callbackAuth: { type: 'standard-webhooks', secrets: [new Secret('whsec_b'), new Secret('whsec_a')] } },
    { callbackAllowedIps: undefined },
    { operations: {} },
    { maxConnectionAgeMs: 1_000 },
    { operations: { refund: false } },
    { circuitBreaker: { failures: 5, windowMs: 10_000, openMs: 5_001 } },
  ])('finds %j different', (overrides) => {
    expect(isSameConfig(config(), config(overrides))).toBe(false);
    expect(isSameConfig(config(overrides), config())).toBe(false);
  });
});
