import { randomBytes } from 'node:crypto';
import { DEFAULT_SCOPES, keyName, SCOPES } from '../../../src/config/api-keys.js';
import { externalName } from '../../../src/rules/network-rules.js';
import { sha256 } from '../../../src/security/digest.js';
import { CommandError, EXIT } from '../exit-codes.js';

/** More than any secret needs; 24 is the least that Standard Webhooks allows. */
const SECRET_BYTES = 32;

/** An entry of the file that `API_KEYS_FILE` names. */
export interface ApiKeyEntry {
  readonly name: string;
  /** Of the secret, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly scopes: readonly string[];
  /** Absent: all. */
  readonly externals?: readonly string[];
}

/** The choices of the caller. Undefined scopes: all but those of `/admin`. Undefined externals: all. */
export interface ApiKeyRequest {
  readonly name: string;
  readonly scopes?: readonly string[];
  readonly externals?: readonly string[];
}

/**
 * An API key: the secret for its caller, and the entry for the gateway, which keeps the digest alone.
 * @throws CommandError where a name or scope is not valid
 */
export function makeApiKey({ name, scopes, externals }: ApiKeyRequest): {
  readonly secret: string;
  readonly entry: ApiKeyEntry;
} {
  requireValid('NAME', [name], keyName);
  requireValid('--scopes', scopes ?? [], {
    allowed: `of ${SCOPES.join(', ')}`,
    accepts: (scope) => (SCOPES as readonly unknown[]).includes(scope),
  });
  requireValid('--externals', externals ?? [], externalName);
  const secret = `tgk_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return {
    secret,
    entry: {
      name,
      sha256: sha256(secret).toString('hex'),
      scopes: scopes ?? DEFAULT_SCOPES,
      ...(externals && { externals }),
    },
  };
}

/** A secret of Standard Webhooks: `NOTIFICATION_SECRET`, a receiver's, or that of callbacks. */
export function makeWebhookSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}

/** A `FINGERPRINT_KEY`: 64 hexadecimal digits. */
export function makeFingerprintKey(): string {
  return randomBytes(SECRET_BYTES).toString('hex');
}

function requireValid(
  option: string,
  values: readonly string[],
  rule: { readonly allowed: string; accepts(value: unknown): boolean },
): void {
  for (const value of values)
    if (!rule.accepts(value))
      throw new CommandError(`${option} must be ${rule.allowed}; got ${JSON.stringify(value)}`, EXIT.usage);
}
