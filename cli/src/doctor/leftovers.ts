import type { Config } from '../../../src/config/config.js';
import type { CallbackAuthConfig, ExternalConfig } from '../../../src/config/external-config.js';
import { PAYMENT_CALLBACK, type ReceiverConfig } from '../../../src/config/receiver-config.js';
import { weaknessOf } from '../../../src/config/weak-secrets.js';
import type { Secret } from '../../../src/sensitive/secret.js';
import type { Finding } from './finding.js';

const ROTATION = 'Remove the old one when both sides use the new one (docs/operating.md).';

/** What is allowed for a while: secrets of a rotation, settings of an upgrade, and secrets too weak for production. */
export function leftovers(
  config: Config,
  externals: readonly ExternalConfig[],
  receivers: readonly ReceiverConfig[],
): readonly Finding[] {
  const { notifications, fingerprintKeys, upgradeFrom, production } = config;
  const secrets: readonly Secrets[] = [
    { subject: 'environment', name: 'NOTIFICATION_SECRET', secrets: notifications.secrets },
    { subject: 'environment', name: 'FINGERPRINT_KEY', secrets: fingerprintKeys },
    ...externals.map(({ name, callbackAuth }) => ({
      subject: `external ${name}`,
      name: 'callbackAuth',
      secrets: secretsOf(callbackAuth),
    })),
    ...receivers
      .filter(({ name }) => name !== PAYMENT_CALLBACK)
      .map(({ name, secrets }) => ({ subject: `receiver ${name}`, name: 'secret', secrets })),
  ];
  return [
    ...secrets.filter((each) => each.secrets.length > 1).map(rotation),
    // In production the gateway refuses them: they are problems of the configuration.
    ...(production ? [] : secrets.flatMap(weakness)),
    ...(upgradeFrom === undefined
      ? []
      : [
          soon(
            'environment',
            `UPGRADE_FROM=${upgradeFrom} is set: it costs time at each operation`,
            'Remove it when every replica runs this version (docs/operating.md).',
          ),
        ]),
  ];
}

interface Secrets {
  readonly subject: string;
  readonly name: string;
  readonly secrets: readonly Secret[];
}

function rotation({ subject, name, secrets }: Secrets): Finding {
  return soon(subject, `${name} has ${secrets.length} secrets: a rotation has not ended`, ROTATION);
}

function weakness({ subject, name, secrets }: Secrets): readonly Finding[] {
  const reason = secrets.map((secret) => weaknessOf(secret.reveal())).find((each) => each !== undefined);
  return reason === undefined
    ? []
    : [
        soon(
          subject,
          `${name}: in production it ${reason}`,
          'Make one with `tollgate keys` before you go live.',
        ),
      ];
}

function soon(subject: string, problem: string, remedy: string): Finding {
  return { level: 'soon', subject, problem, remedy };
}

function secretsOf(auth: CallbackAuthConfig): readonly Secret[] {
  switch (auth.type) {
    case 'none':
      return [];
    case 'bearer':
      return [auth.token];
    case 'basic':
      return [auth.password];
    case 'standard-webhooks':
      return auth.secrets;
    default:
      return auth satisfies never;
  }
}
