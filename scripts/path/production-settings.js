import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const API_KEY = randomBytes(32).toString('base64url');

/**
 * The variables of a gateway on SQLite with all that production insists on; its files are in `folder`. `servicesUrl` is the
 * external's, `acme`; the receiver is below it.
 */
export function productionSettings(folder, servicesUrl) {
  const externals = join(folder, 'config', 'externals.json');
  mkdirSync(join(folder, 'config'));
  const external = {
    externalService: 'acme',
    baseUrl: servicesUrl,
    callbackAuth: { type: 'none' },
    statusByShopTransactionId: true,
    circuitBreaker: { failures: 1_000 }, // payments without an answer must not open it
  };
  writeFileSync(externals, JSON.stringify({ externalServices: [external] }));
  return {
    NODE_ENV: 'production',
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: '0',
    DATABASE_URL: `sqlite:${join(folder, 'tollgate.db')}`,
    API_KEYS: `path:${API_KEY}`,
    EXTERNAL_PROVIDERS_CONFIG: externals,
    PAYMENT_CALLBACK_URL: `${servicesUrl}/receiver`,
    NOTIFICATION_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
    ALLOW_HTTP_HOSTS: '127.0.0.1',
    FINGERPRINT_KEY: randomBytes(32).toString('hex'),
  };
}
