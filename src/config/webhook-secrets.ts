import { readingRule, type TextRule, Violation } from '../rules/rule.js';
import { Secret } from '../sensitive/secret.js';
import { decodeWebhookSecret } from '../webhooks/standard-webhooks.js';

const MIN_KEY_BYTES = 24;
const MAX_KEY_BYTES = 64;

/** Signing secrets as the Standard Webhooks specification writes them (SPEC §5). The first one signs. */
export const webhookSecrets: TextRule<readonly Secret[]> = readingRule(
  'webhookSecrets',
  `one signing secret, or two separated by a space while a key is rotated: whsec_ and the base64 of ` +
    `${MIN_KEY_BYTES} to ${MAX_KEY_BYTES} bytes each`,
  (text) => {
    const texts = text.split(' ').filter((part) => part !== '');
    if (texts.length < 1 || texts.length > 2 || new Set(texts).size !== texts.length) return new Violation();
    return texts.every(isWebhookSecret) ? texts.map((secret) => new Secret(secret)) : new Violation();
  },
  { secret: true },
);

function isWebhookSecret(text: string): boolean {
  const key = decodeWebhookSecret(text);
  return key !== undefined && key.length >= MIN_KEY_BYTES && key.length <= MAX_KEY_BYTES;
}
