import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../sensitive/secret.js';

/*
 * The symmetric scheme (`v1`, HMAC-SHA256) of the Standard Webhooks specification 1.0.0, over raw bytes: what is
 * signed is `{id}.{timestamp}.{body}`. Nothing is parsed before it is verified.
 */

const SECRET_PREFIX = 'whsec_';
/**
 * Visible ASCII but `.`, which the specification excludes from ids, and `,`, which Node joins repeated headers
 * with.
 */
const ID = /^[!-+\-/-~]{1,255}$/;
const TIMESTAMP = /^[1-9]\d{0,11}$/;
/**
 * `version,base64`, as many as keys are in use, one space between. A repeated header, joined by `, `, does not fit.
 */
const SIGNATURES = /^[a-z0-9]+,[A-Za-z0-9+/_=-]+(?: [a-z0-9]+,[A-Za-z0-9+/_=-]+)*$/;
const DEFAULT_TOLERANCE_MS = 300_000;

/** A header as Node's `headers` or `headersDistinct` gives it. Several values are refused. */
export type HeaderText = string | readonly string[] | undefined;

/** A webhook and the keys that sign it. */
export interface WebhookToSign {
  /** `webhook-id`: visible ASCII without `.` and `,`, at most 255 characters. The same on every attempt. */
  readonly id: string;
  /** `webhook-timestamp`: whole seconds since the Unix epoch, of this attempt. */
  readonly timestampS: number;
  /** The body as it goes on the wire. A text is signed as UTF-8. */
  readonly body: Buffer | string;
  /** `whsec_…`; all in use while a key is rotated. */
  readonly secrets: readonly Secret[];
}

/** A received webhook, and what it is verified against. */
export interface WebhookToVerify {
  readonly id: HeaderText;
  readonly timestamp: HeaderText;
  readonly signature: HeaderText;
  /** The body's bytes as received, before any parsing. */
  readonly body: Buffer;
  /** `whsec_…`; any of them may have signed. */
  readonly secrets: readonly Secret[];
  readonly nowMs: number;
  /** How far the timestamp may lie from `nowMs`, to either side. Default 5 minutes. */
  readonly toleranceMs?: number;
}

export type WebhookVerification =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly reason: 'missing-header' | 'malformed' | 'too-old' | 'too-new' | 'bad-signature';
    };

/**
 * The key of a `whsec_` secret, or undefined where the text is no `whsec_` with non-empty canonical base64 behind it;
 * its padding may be left out. The configuration checks the length of keys.
 */
export function decodeWebhookSecret(text: string): Buffer | undefined {
  if (!text.startsWith(SECRET_PREFIX)) return undefined;
  const encoded = text.slice(SECRET_PREFIX.length);
  const key = Buffer.from(encoded, 'base64');
  // Node decodes any text; only a text that encodes back to itself is base64.
  const canonical = key.toString('base64');
  return key.length > 0 && (encoded === canonical || encoded === canonical.replace(/=+$/, ''))
    ? key
    : undefined;
}

/**
 * The `webhook-signature` header: `v1,base64` for each secret, one space between.
 * @throws TypeError where id, timestamp or a secret is not of the form above; configuration is checked at the start,
 * so this is an internal error.
 */
export function signWebhook({ id, timestampS, body, secrets }: WebhookToSign): string {
  const timestamp = String(timestampS);
  if (!ID.test(id) || !TIMESTAMP.test(timestamp))
    throw new TypeError('Not an id and a time that can be signed');
  if (secrets.length === 0) throw new TypeError('No secret to sign with');
  return secrets.map((secret) => signature(secret, id, timestamp, body)).join(' ');
}

/**
 * Whether one of the secrets signed this message, and recently. The time does not depend on where a wrong signature
 * differs.
 */
export function verifyWebhook(webhook: WebhookToVerify): WebhookVerification {
  const { body, secrets, nowMs, toleranceMs = DEFAULT_TOLERANCE_MS } = webhook;
  const id = single(webhook.id);
  const timestamp = single(webhook.timestamp);
  const signatures = single(webhook.signature);
  if (id === SEVERAL_VALUES || timestamp === SEVERAL_VALUES || signatures === SEVERAL_VALUES)
    return refused('malformed');
  if (!id || !timestamp || !signatures) return refused('missing-header');
  if (!ID.test(id) || !TIMESTAMP.test(timestamp) || !SIGNATURES.test(signatures)) return refused('malformed');

  const ageMs = nowMs - Number(timestamp) * 1_000;
  if (ageMs > toleranceMs) return refused('too-old');
  if (ageMs < -toleranceMs) return refused('too-new');

  const given = signatures.split(' ').map((text) => Buffer.from(text));
  const wanted = secrets.map((secret) => Buffer.from(signature(secret, id, timestamp, body)));
  let matches = 0;
  for (const one of given) {
    for (const other of wanted) {
      if (one.length === other.length && timingSafeEqual(one, other)) matches += 1;
    }
  }
  return matches > 0 ? { ok: true } : refused('bad-signature');
}

const SEVERAL_VALUES = Symbol('several values');

function single(header: HeaderText): string | undefined | typeof SEVERAL_VALUES {
  if (header === undefined || typeof header === 'string') return header;
  return header.length > 1 ? SEVERAL_VALUES : header[0];
}

function refused(reason: Extract<WebhookVerification, { ok: false }>['reason']): WebhookVerification {
  return { ok: false, reason };
}

function signature(secret: Secret, id: string, timestamp: string, body: Buffer | string): string {
  const hmac = createHmac('sha256', keyOf(secret));
  return `v1,${hmac.update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
}

/**
 * Node imports a key's bytes again for each HMAC, which costs six times as much as the HMAC; a KeyObject is imported
 * once.
 */
const keys = new WeakMap<Secret, KeyObject>();

function keyOf(secret: Secret): KeyObject {
  let key = keys.get(secret);
  if (key) return key;
  const bytes = decodeWebhookSecret(secret.reveal());
  if (!bytes) throw new TypeError('A webhook secret must be whsec_ with base64 behind it');
  key = createSecretKey(bytes);
  keys.set(secret, key);
  return key;
}
