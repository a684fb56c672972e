import { decodeWebhookSecret } from '../webhooks/standard-webhooks.js';
import { decodeFingerprintKey } from './fingerprint-keys.js';

/** What a secret that Tollgate verifies or signs with must have in production (SPEC §6). */
export const MIN_SECRET_LENGTH = 22;

/** Letters and digits of a secret that are left without {@link WORDS}; fewer could be guessed from a list. */
const MIN_OTHER_CHARACTERS = 16;
/** Long enough not to occur in random base64. */
const PLACEHOLDER =
  /change[-_ .]?(?:me|this|it)|replace[-_ .]?(?:me|this|with)|place[-_ .]?holder|your[-_ .]?(?:api|own|secret|key|token|password)|insecure/i;
/** Of example secrets, such as `demo-notification-secret-of-tollgate`. */
const WORDS =
  /secret|s3cret|passw[o0]rd|passphrase|example|sample|demo|testing|test|dummy|default|token|key|admin|tollgate|notification|callback|webhook|fingerprint|payments?|shop|simulator|qwerty|asdfgh/gi;

/**
 * Why a secret may not be used in production, in the words of a configuration error; undefined if it may. A key in
 * base64 or hexadecimal digits is also checked for what it stands for.
 */
export function weaknessOf(secret: string): string | undefined {
  if (secret.length < MIN_SECRET_LENGTH) return `must have at least ${MIN_SECRET_LENGTH} characters`;
  const key = decodeWebhookSecret(secret) ?? decodeFingerprintKey(secret);
  const texts = key && isPrintable(key) ? [secret, key.toString('latin1')] : [secret];
  const isKnown =
    texts.some(isPlaceholder) ||
    [key ?? secret, secret.toLowerCase()].some((text) => isRegular(Buffer.from(text)));
  return isKnown ? 'must not be a placeholder or an example' : undefined;
}

function isPlaceholder(text: string): boolean {
  if (PLACEHOLDER.test(text)) return true;
  // No word of the list leaves it as it is, and random: nothing to count.
  const others = text.replaceAll(WORDS, '');
  return others !== text && others.replaceAll(/[^a-z0-9]/gi, '').length < MIN_OTHER_CHARACTERS;
}

function isPrintable(bytes: Buffer): boolean {
  return bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
}

/** One byte or a sequence again and again (`00…`, `deadbeefdeadbeef…`), or bytes that count up or down. */
function isRegular(bytes: Buffer): boolean {
  const step = (bytes[1]! - bytes[0]! + 256) % 256;
  if (bytes.every((byte, at) => at === 0 || (byte - bytes[at - 1]! + 256) % 256 === step)) return true;
  for (let period = 1; period <= bytes.length / 2; period += 1) {
    if (bytes.subarray(period).equals(bytes.subarray(0, bytes.length - period))) return true;
  }
  return false;
}
