import { readingRule, type TextRule, Violation } from '../rules/rule.js';
import { Secret } from '../sensitive/secret.js';

const MIN_KEY_BYTES = 32;
const HEX = /^[0-9a-f]{64}$/i;

/** `FINGERPRINT_KEY` (SPEC §6). The first one makes fingerprints, the other one verifies those that it has made. */
export const fingerprintKeys: TextRule<readonly Secret[]> = readingRule(
  'fingerprintKeys',
  `one key, or two separated by a space while it is rotated: 64 hexadecimal digits, or the base64 of ` +
    `${MIN_KEY_BYTES} bytes and more, each`,
  (text) => {
    const keys = text.split(' ').filter((part) => part !== '');
    const bytes = keys.map(decodeFingerprintKey);
    if (keys.length < 1 || keys.length > 2 || bytes.includes(undefined)) return new Violation();
    if (bytes[1] && bytes[0]!.equals(bytes[1])) return new Violation('it names one key twice');
    return keys.map((key) => new Secret(key));
  },
  { secret: true },
);

/** The bytes of a key; undefined where the text is none. Padding may be left out, and base64url is accepted. */
export function decodeFingerprintKey(text: string): Buffer | undefined {
  if (HEX.test(text)) return Buffer.from(text, 'hex');
  const key = Buffer.from(text, 'base64');
  // Node decodes any text; only a text that encodes back to itself is base64.
  const isBase64 = (['base64', 'base64url'] as const).some(
    (encoding) => key.toString(encoding).replace(/=+$/, '') === text.replace(/=+$/, ''),
  );
  return isBase64 && key.length >= MIN_KEY_BYTES ? key : undefined;
}
