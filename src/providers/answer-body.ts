import { maskCardNumbers } from '../sensitive/card-number.js';
import { readJson, type JsonBounds } from '../shared/json-reader.js';
import { isJsonObject } from '../shared/json.js';
import type { OutboundAnswer } from '../outbound/exchange.js';

/** A body read as JSON, or why it is not JSON. */
export type BodyReading =
  { readonly ok: true; readonly json: unknown } | { readonly ok: false; readonly problem: string };

/** `application/json`, `text/json`, `application/problem+json`, …, with any parameters. */
const JSON_TYPE = /^\s*(?:application\/json|text\/json|application\/[\w.+-]+\+json)\s*(?:;|$)/i;

const BOUNDS: JsonBounds = { byteOrderMark: 'refuse', duplicateNames: 'keep-last', lossyNumbers: 'round' };

/**
 * Reads an answer's body as JSON. A body without `Content-Type` may be JSON; one of another type is not read as JSON.
 */
export function readAnswerBody({ headers, body }: OutboundAnswer): BodyReading {
  if (body.length === 0) return { ok: false, problem: 'it has no body' };
  const type = headers['content-type'];
  if (type !== undefined && !JSON_TYPE.test(String(type))) {
    return { ok: false, problem: 'its Content-Type is not JSON' };
  }
  const { value, violations } = readJson(body, BOUNDS);
  const [violation] = violations;
  if (!violation) return { ok: true, json: value };
  return {
    ok: false,
    problem: violation.kind === 'not-utf8' ? 'its body is not UTF-8' : 'its body is not JSON',
  };
}

const DETAIL_LENGTH = 500;

/** `detail` or `message` of an external's refusal, masked and cut at 500 characters (SPEC §3). */
export function refusalDetail(json: unknown): string | undefined {
  if (!isJsonObject(json)) return undefined;
  const text = [json['detail'], json['message']].find(
    (member) => typeof member === 'string' && member.trim() !== '',
  );
  return text === undefined ? undefined : maskedText(text as string);
}

/** Text of an external as it may be passed on. Card numbers are masked before the cut, which could split one. */
export function maskedText(text: string): string {
  return maskCardNumbers(text.slice(0, 2 * DETAIL_LENGTH))
    .slice(0, DETAIL_LENGTH)
    .toWellFormed();
}
