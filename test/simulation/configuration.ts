import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { certificateAuthority } from '../support/certificates.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { writeFile } from './platform.js';

export const EXTERNALS = ['acme', 'bolt', 'crux'] as const;
/** Receivers by the host of their URL. The first is that of `PAYMENT_CALLBACK_URL`. */
export const RECEIVERS = ['receiver', 'erp', 'audit'] as const;
export const OPERATOR_SECRET = 'simulated-operator-0123456789';
/** How often a live subscription is queried. */
export const WATCH_MS = 15_000;

const SECRET = `whsec_${Buffer.from('simulated receiver, 24 b').toString('base64')}`;
const { cert, key } = certificateAuthority('simulated').issue('gateway');

/** Writes all configuration files and reads the environment. */
export function configuration(): Config {
  writeFile('client.crt', cert);
  writeFile('client.key', key);
  return loadConfig({
    LOG_LEVEL: 'fatal',
    CONSOLE: 'off',
    DATABASE_URL: 'sqlite::memory:',
    API_KEYS: `operator:${OPERATOR_SECRET}:admin`,
    EXTERNAL_PROVIDERS_CONFIG: writeExternals(),
    RECEIVERS_CONFIG: writeReceivers(),
    FINGERPRINT_KEY: 'ab'.repeat(32),
    PAYMENT_CALLBACK_URL: `http://${RECEIVERS[0]}.test/`,
    NOTIFICATION_SECRET: SECRET,
    NOTIFICATION_SCHEDULE: '2s,5s,10s,20s,30s,30s',
    // The first query may be sent before the deadline of its operation, which may arrive after it.
    RECONCILIATION_SCHEDULE: '500ms,2s,5s,10s,10s,20s,20s,30s,30s,30s,30s',
    SUBSCRIPTION_SCHEDULE: `${WATCH_MS}ms`,
  });
}

/** `random`: a change that an operator may make; undefined: the configuration of the start. */
export function writeExternals(random?: SeededRandom): string {
  if (random && random.next() < 0.1) return writeFile('externals.json', '{ "externalServices": [ {');
  const removed = random && random.next() < 0.1 ? EXTERNALS[random.below(EXTERNALS.length)] : undefined;
  const entries = EXTERNALS.filter((name) => name !== removed).map((name) => ({
    ...EXTERNAL[name],
    externalService: name,
    timeoutMs: 2_000 + (random ? 500 * random.below(3) : 0),
    maxConcurrency: random && random.next() < 0.3 ? 4 : 200,
    circuitBreaker: {
      failures: random && random.next() < 0.3 ? 3 : 20,
      windowMs: 10_000,
      openMs: 500,
    },
  }));
  return writeFile('externals.json', JSON.stringify({ externalServices: entries }));
}

const EVERYTHING = { 'refund/status': true, cancel: true };
const EXTERNAL = {
  acme: {
    baseUrl: 'http://acme.test',
    honoursIdempotencyKey: true,
    statusByShopTransactionId: true,
    operations: EVERYTHING,
  },
  bolt: {
    baseUrl: 'http://bolt.test',
    statusByShopTransactionId: true,
    operations: EVERYTHING,
  },
  // It answers queries by its own ids only: what it never named is for operators.
  crux: {
    baseUrl: 'https://crux.test',
    honoursIdempotencyKey: true,
    auth: { type: 'mtls', certFile: '/simulated/client.crt', keyFile: '/simulated/client.key' },
  },
} as const;

export function writeReceivers(random?: SeededRandom): string {
  if (random && random.next() < 0.1) return writeFile('receivers.json', 'receivers:');
  const receivers = [
    {
      receiver: 'erp',
      url: 'http://erp.test/',
      secret: SECRET,
      events: ['payment', 'refund', 'subscription'],
    },
    {
      receiver: 'audit',
      url: 'http://audit.test/',
      secret: SECRET,
      events: ['refund', 'subscription'],
      externals: ['acme', 'crux'],
    },
  ];
  const removed = random && random.next() < 0.2 ? random.below(receivers.length) : -1;
  return writeFile(
    'receivers.json',
    JSON.stringify({ receivers: receivers.filter((_, i) => i !== removed) }),
  );
}
