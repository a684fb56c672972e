import type { Config } from './config.js';
import type { ExternalConfig } from './external-config.js';

const SHORT_SECRET_LENGTH = 16;

/** What is allowed but worth a loud line at the start (SPEC §8). */
export function configurationWarnings(config: Config): readonly string[] {
  const { callers, database, notifications, production } = config;
  const warnings: string[] = [];
  if (callers.auth === 'optional') {
    warnings.push('API_AUTH=optional: whoever reaches this gateway may pay and refund without credentials');
  }
  if (callers.auth === 'none') {
    warnings.push(
      'API_AUTH=none: credentials are not looked at, whoever reaches this gateway may pay and refund',
    );
  }
  for (const { name, secret } of callers.keys) {
    if (secret.reveal().length >= SHORT_SECRET_LENGTH) continue;
    warnings.push(
      `API_KEYS: the secret of ${name} is shorter than ${SHORT_SECRET_LENGTH} characters and can be guessed`,
    );
  }
  if (notifications.receiverUrl !== undefined && notifications.secrets.length === 0) {
    warnings.push('NOTIFICATION_SECRET is not set: the receiver cannot verify who notifies it');
  }
  if (notifications.receiverUrl === undefined && config.externals.kind === 'file') {
    warnings.push('PAYMENT_CALLBACK_URL is not set: nobody is notified');
  }
  if (database.kind === 'sqlite' && database.path === ':memory:' && production) {
    warnings.push('DATABASE_URL=sqlite::memory: forgets every payment when the gateway stops');
  }
  return warnings;
}

/** The same for the externals, after each reading of their file. */
export function externalsWarnings(externals: readonly ExternalConfig[], config: Config): readonly string[] {
  return externals.flatMap(({ name, baseUrl, auth, callbackAuth }) => {
    const warnings: string[] = [];
    if (callbackAuth.type === 'none') {
      warnings.push(`external ${name}: no callbackAuth, anyone may trigger a status question to it`);
    }
    if (config.production && baseUrl.startsWith('http:')) {
      warnings.push(`external ${name}: baseUrl is not https, payments travel in the clear`);
    }
    if (config.production && auth.type === 'oauth2-client-credentials' && auth.tokenUrl.startsWith('http:')) {
      warnings.push(`external ${name}: auth.tokenUrl is not https, its client secret travels in the clear`);
    }
    return warnings;
  });
}
