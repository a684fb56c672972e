/** Remedies by the text of a problem of `src/config`, which says what is wrong and what is allowed. The first fits. */
const REMEDIES: readonly (readonly [problem: RegExp, remedy: string])[] = [
  [/^FINGERPRINT_KEY:/, 'Make one with `tollgate keys fingerprint`; every replica must have the same.'],
  [/^NOTIFICATION_SECRET\b/, 'Make one with `tollgate keys webhook`, and give it to the receiver too.'],
  [/^API_KEYS:/, 'Make keys with `tollgate keys api NAME`; better in API_KEYS_FILE, which has digests only.'],
  [/^API_AUTH\b/, 'Set API_AUTH=required, and make keys with `tollgate keys api NAME`.'],
  [/^DATABASE_URL\b/, 'Set DATABASE_URL to a durable place: sqlite:/absolute/path, or postgres://….'],
  [
    /^PAYMENT_CALLBACK_URL\b/,
    'Set PAYMENT_CALLBACK_URL to the https URL of the service that receives notifications.',
  ],
  [
    /^EXTERNAL_PROVIDERS_CONFIG\b/,
    'Set EXTERNAL_PROVIDERS_CONFIG to the path of the externals file (docs/configuration.md#the-externals-file).',
  ],
  [/has no effect; is \w+ meant\?$/, 'Correct the name of the variable, or remove it.'],
  [
    /every external of ENABLED_PROVIDERS/,
    'Add the external to the file, or remove the name from ENABLED_PROVIDERS. PGM’s built-in providers are not part of ' +
      'Tollgate (docs/moving-from-pgm.md).',
  ],
  [
    /must be a file that can be read/,
    'Correct the path, or give the user of the gateway the right to read the file.',
  ],
  [/#.*must be JSON;/, 'Correct the JSON at that place.'],
  [/\$\{|environment variable|must be set/, 'Set the variable, or correct its name in the file.'],
  [
    /#.*\/(?:secret|token|password)[^:]*: .*NODE_ENV=production/,
    'Make one with `tollgate keys webhook`, and give it to the other side.',
  ],
  [/#.*\/sha256: must be the SHA-256/, 'Make the entry with `tollgate keys api NAME`.'],
  [/#.*: must not be here; known keys/, 'Correct the name of the key, or remove it.'],
  [
    /#.*\/sha256: .*placeholder/,
    'Make another key with `tollgate keys api NAME`; anyone can guess this one.',
  ],
  [
    /#.*\/callbackAuth: must say/,
    'Add "callbackAuth": best standard-webhooks, with a secret of `tollgate keys webhook`.',
  ],
  [/no callbackAuth, anyone/, 'Configure callbackAuth, and give the external the secret.'],
  [
    /can neither be asked/,
    'Let the external offer GET /status, or push its status ("callbackStatus": "trusted").',
  ],
  [/is not https|must be an https URL/, 'Use an https URL.'],
  [/there is no external/, 'Correct the name in "externals" of the receiver.'],
];

const ANY = 'Change it to what is allowed (docs/configuration.md).';

/** How to mend a problem of the configuration. */
export function remedyOf(problem: string): string {
  return REMEDIES.find(([pattern]) => pattern.test(problem))?.[1] ?? ANY;
}
