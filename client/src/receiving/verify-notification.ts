import { type Notification, readNotification } from './notification.js';
import { NotificationError } from './notification-error.js';

/* The symmetric scheme (`v1`, HMAC-SHA256) of the Standard Webhooks specification 1.0.0, over raw bytes. */

/** The headers of a request, as `fetch`, Node or a framework gives them. */
export type NotificationHeaders =
  { get(name: string): string | null } | Readonly<Record<string, string | readonly string[] | undefined>>;

/** The `whsec_…` of this receiver; several, or one text with spaces between, while a key is rotated. */
export type NotificationSecrets = string | readonly string[];

export interface VerifyOptions {
  /** How far the timestamp may be from the clock, to either side. Default 5 minutes. */
  readonly toleranceMs?: number | undefined;
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** Visible ASCII without `.`, which ends the id in what is signed, and `,`, which joins repeated headers. */
const ID = /^[!-+\-/-~]{1,255}$/;
const TIMESTAMP = /^[1-9]\d{0,11}$/;
const SIGNATURES = /^[a-z0-9]+,[A-Za-z0-9+/_=-]+(?: [a-z0-9]+,[A-Za-z0-9+/_=-]+)*$/;
const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
const HMAC = { name: 'HMAC', hash: 'SHA-256' };

/**
 * Verifies that Tollgate sent this notification, and recently, and reads it.
 * @param rawBody The bytes of the body as received. A body that was parsed and serialised again does not verify.
 * @throws NotificationError where it is refused. TypeError where a secret is not `whsec_` and base64.
 */
export async function verifyNotification(
  rawBody: Uint8Array | ArrayBuffer | string,
  headers: NotificationHeaders,
  secrets: NotificationSecrets,
  { toleranceMs = 300_000, now = Date.now }: VerifyOptions = {},
): Promise<Notification> {
  const keys = keysOf(secrets);
  const id = header(headers, 'webhook-id');
  const timestamp = header(headers, 'webhook-timestamp');
  const signatures = header(headers, 'webhook-signature');
  if (!id || !timestamp || !signatures)
    throw new NotificationError('missing-header', 'The request has no webhook-id, -timestamp or -signature.');
  if (!ID.test(id) || !TIMESTAMP.test(timestamp) || !SIGNATURES.test(signatures))
    throw new NotificationError('malformed', 'A header of the signature is malformed.');
  const sentAtMs = Number(timestamp) * 1_000;
  const ageMs = now() - sentAtMs;
  if (ageMs > toleranceMs) throw new NotificationError('too-old', `It was signed ${seconds(ageMs)} ago.`);
  if (ageMs < -toleranceMs)
    throw new NotificationError('too-new', `It was signed ${seconds(-ageMs)} in the future.`);
  const body = typeof rawBody === 'string' ? utf8(rawBody) : new Uint8Array(rawBody);
  if (!(await isSigned(concatenated(utf8(`${id}.${timestamp}.`), body), signatures, keys)))
    throw new NotificationError('bad-signature', 'None of the secrets signed it.');
  return readNotification(new TextDecoder().decode(body), { id, sentAt: new Date(sentAtMs) });
}

/**
 * @throws TypeError where a secret is not `whsec_` and base64: a typing error must stop the start, not refuse
 * notifications.
 */
export function requireSecrets(secrets: NotificationSecrets): void {
  keysOf(secrets);
}

// Not exported: `Uint8Array<ArrayBuffer>` in a declaration file needs TypeScript 5.7.
function keysOf(secrets: NotificationSecrets): Uint8Array<ArrayBuffer>[] {
  if (typeof secrets !== 'string' && !Array.isArray(secrets))
    throw new TypeError('`secrets` must be a text or a list of texts');
  const texts: readonly string[] = typeof secrets === 'string' ? secrets.trim().split(/\s+/) : secrets;
  if (texts.length === 0) throw new TypeError('There is no secret');
  return texts.map((text) => {
    const bytes = bytesOf(SECRET.exec(text)?.[1]);
    if (!bytes) throw new TypeError('A secret must be `whsec_` and base64');
    return bytes;
  });
}

/** In constant time for each signature: `crypto.subtle.verify` compares. */
async function isSigned(
  content: Uint8Array<ArrayBuffer>,
  signatures: string,
  secrets: readonly Uint8Array<ArrayBuffer>[],
): Promise<boolean> {
  const given = signatures
    .split(' ')
    .flatMap((text) => (text.startsWith('v1,') ? (bytesOf(text.slice('v1,'.length)) ?? []) : []));
  const keys = await Promise.all(
    secrets.map((secret) => crypto.subtle.importKey('raw', secret, HMAC, false, ['verify'])),
  );
  const matches = await Promise.all(
    keys.flatMap((key) => given.map((signature) => crypto.subtle.verify('HMAC', key, signature, content))),
  );
  return matches.includes(true);
}

/** The one value of a header; several are none that Tollgate sends. */
function header(headers: NotificationHeaders, name: string): string | undefined {
  if (typeof headers.get === 'function') return (headers as Headers).get(name) ?? undefined;
  const values = Object.entries(headers as Readonly<Record<string, string | readonly string[] | undefined>>)
    .filter(([key]) => key.toLowerCase() === name)
    .flatMap(([, value]) => value ?? []);
  return values.length > 1 ? values.join(', ') : values[0];
}

function bytesOf(base64: string | undefined): Uint8Array<ArrayBuffer> | undefined {
  if (base64 === undefined) return undefined;
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function concatenated(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
