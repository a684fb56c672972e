import { isUtf8 } from 'node:buffer';
import { maskCardNumbers } from '../sensitive/card-number.js';
import { isJsonObject } from '../shared/json.js';
import type { ExternalAnswer } from './exchange.js';

/** A body read as JSON, or why it is none. */
export type BodyReading =
  { readonly ok: true; readonly json: unknown } | { readonly ok: false; readonly problem: string };

/** `application/json`, `text/json`, `application/problem+json`, …, with any parameters. */
const JSON_TYPE = /^\s*(?:application\/json|text\/json|application\/[\w.+-]+\+json)\s*(?:;|$)/i;

/**
 * Reads an answer's body. A body without `Content-Type` may be JSON; one that says it is something else is not believed to
 * be. JSON is UTF-8 (RFC 8259 §8.1), and other bytes are refused, never replaced.
 */
export function readBody({ headers, body }: ExternalAnswer): BodyReading {
  if (body.length === 0) return { ok: false, problem: 'it has no body' };
  const type = headers['content-type'];
  if (type !== undefined && !JSON_TYPE.test(String(type))) {
    return { ok: false, problem: 'its Content-Type is not JSON' };
  }
  if (!isUtf8(body)) return { ok: false, problem: 'its body is not UTF-8' };
  try {
    return { ok: true, json: JSON.parse(body.toString('utf8')) };
  } catch {
    return { ok: false, problem: 'its body is not JSON' };
  }
}

const DETAIL_LENGTH = 500;

/** What an external says of its refusal, in `detail` or `message`: masked, and cut at 500 characters (SPEC §3). */
export function refusalDetail(json: unknown): string | undefined {
  if (!isJsonObject(json)) return undefined;
  const text = [json['detail'], json['message']].find(
    (said) => typeof said === 'string' && said.trim() !== '',
  );
  return text === undefined ? undefined : maskedText(text as string);
}

/** Somebody else's text, fit to be passed on. A card number is masked before the cut, which might go through it. */
export function maskedText(text: string): string {
  return maskCardNumbers(text.slice(0, 2 * DETAIL_LENGTH))
    .slice(0, DETAIL_LENGTH)
    .toWellFormed();
}
