import type { Config } from './config.js';
import type { ExternalConfig } from './external-config.js';
import { isOffered } from './external-operation.js';
import type { ReceiverConfig } from './receiver-config.js';
import { weaknessOf } from './weak-secrets.js';

/** Warnings about settings that are allowed but risky, logged at the start (SPEC §8). */
export function configurationWarnings(config: Config): readonly string[] {
  const { callers, database, notifications, production } = config;
  const warnings: string[] = [];
  if (callers.auth === 'optional') {
    warnings.push(
      'API_AUTH=optional: anyone who can reach this gateway may pay and refund without credentials',
    );
  }
  if (callers.auth === 'none') {
    warnings.push(
      'API_AUTH=none: credentials are not checked, anyone who can reach this gateway may pay and refund',
    );
  }
  for (const { name, secret } of callers.keys) {
    const weakness = weaknessOf(secret.reveal());
    if (weakness)
      warnings.push(`API_KEYS: the secret of ${name} can be guessed; in production it ${weakness}`);
  }
  if (notifications.receiverUrl !== undefined && notifications.secrets.length === 0) {
    warnings.push('NOTIFICATION_SECRET is not set: the receiver cannot verify notifications');
  }
  if (
    notifications.receiverUrl === undefined &&
    !notifications.receivers &&
    config.externals.kind === 'file'
  ) {
    warnings.push('PAYMENT_CALLBACK_URL is not set: no notifications are sent');
  }
  if (database.kind === 'sqlite' && database.path === ':memory:' && production) {
    warnings.push('DATABASE_URL=sqlite::memory: every payment is lost when the gateway stops');
  }
  return warnings;
}

/** The same for the externals, each time their file is read. */
export function externalsWarnings(externals: readonly ExternalConfig[], config: Config): readonly string[] {
  return externals.flatMap((external) => {
    const { name, baseUrl, auth, callbackAuth } = external;
    const warnings: string[] = [];
    if (callbackAuth.type === 'none') {
      warnings.push(`external ${name}: no callbackAuth, anyone may trigger a status query to it`);
    }
    if (!isOffered(external, 'status') && external.callbackStatus !== 'trusted') {
      warnings.push(
        `external ${name}: it can neither be asked (operations.status is false) nor push its status (callbackStatus is not trusted): its payments can only be settled by hand`,
      );
    }
    if (config.production && baseUrl.startsWith('http:')) {
      warnings.push(`external ${name}: baseUrl is not https, payments are sent unencrypted`);
    }
    if (config.production && auth.type === 'oauth2-client-credentials' && auth.tokenUrl.startsWith('http:')) {
      warnings.push(`external ${name}: auth.tokenUrl is not https, the client secret is sent unencrypted`);
    }
    return warnings;
  });
}

/** The same for the receivers: a name that no external has may be misspelt, and the receiver gets nothing of it. */
export function receiversWarnings(
  receivers: readonly ReceiverConfig[],
  externals: readonly string[],
): readonly string[] {
  return receivers.flatMap(({ name, externals: wanted = [] }) =>
    wanted
      .filter((external) => !externals.includes(external))
      .map((external) => `receiver ${name}: there is no external ${external}, of which it is to be notified`),
  );
}
