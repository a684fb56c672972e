import { Secret } from '../sensitive/secret.js';
import { decodeWebhookSecret } from '../webhooks/standard-webhooks.js';

const MIN_KEY_BYTES = 24;
const MAX_KEY_BYTES = 64;

export const WEBHOOK_SECRETS_ALLOWED =
  `one signing secret, or two separated by a space while a key is rotated: whsec_ and the base64 of ` +
  `${MIN_KEY_BYTES} to ${MAX_KEY_BYTES} bytes each`;

/** Signing secrets as the Standard Webhooks specification writes them (SPEC §5), the one to sign with first, or undefined. */
export function readWebhookSecrets(text: string): readonly Secret[] | undefined {
  const texts = text.split(' ').filter((part) => part !== '');
  if (texts.length < 1 || texts.length > 2 || new Set(texts).size !== texts.length) return undefined;
  return texts.every(isWebhookSecret) ? texts.map((secret) => new Secret(secret)) : undefined;
}

function isWebhookSecret(text: string): boolean {
  const key = decodeWebhookSecret(text);
  return key !== undefined && key.length >= MIN_KEY_BYTES && key.length <= MAX_KEY_BYTES;
}
