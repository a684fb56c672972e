import type { IncomingMessage } from 'node:http';
import { Problem } from '../problems/problem.js';
import { readBody } from './raw-body.js';

const JSON_TYPE = /^application\/json\s*(?:;|$)/i;
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)/i;
const decoder = new TextDecoder('utf-8', { fatal: true });
/** Where a number may lose something: so many digits, or an exponent. Most bodies have neither. */
const PERHAPS_LOSSY = /[\d.]{16}|\d[eE]/;

/**
 * Reads and parses a request's JSON body. Of a doubled name the last value counts, and only that one goes on. Throws the
 * problems of SPEC §3 for a wrong type (415), too many bytes (413), and what is not JSON (400); none echoes the body.
 */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  if (!isJson(request) || isEncoded(request)) {
    throw new Problem(
      'unsupported-media-type',
      'The body must be application/json, in UTF-8 and not compressed.',
    );
  }
  return parseJson(await readBody(request));
}

/** Parameters of the type mean nothing (RFC 8259 §11), but a charset that is not UTF-8 says that the bytes are no JSON. */
function isJson({ headers }: IncomingMessage): boolean {
  const type = headers['content-type'] ?? '';
  const charset = CHARSET.exec(type)?.[1];
  return JSON_TYPE.test(type) && (charset === undefined || /^utf-?8$/i.test(charset));
}

function isEncoded({ headers }: IncomingMessage): boolean {
  const encoding = headers['content-encoding'];
  return encoding !== undefined && encoding.toLowerCase() !== 'identity';
}

function parseJson(bytes: Buffer): unknown {
  const text = decode(bytes);
  const value = parse(text);
  if (PERHAPS_LOSSY.test(text)) refuseLostDigits(text);
  return value;
}

function decode(bytes: Buffer): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw malformed('The body is not valid UTF-8.');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(text.trim() === '' ? 'The body is empty.' : 'The body is not valid JSON.');
  }
}

function malformed(detail: string): Problem {
  return new Problem('validation-failed', detail, { errors: [{ pointer: '', detail }] });
}

/** A text or a number of JSON. Only numbers are looked at; texts are matched so that what is in them is not. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

/**
 * A whole number that a double cannot hold would reach the external as another one, and one beyond a double's range as `null` or
 * 0, without anybody noticing (SPEC §1, `providerData`). `text` is valid JSON. Its tokens are walked, not its values: a reviver of
 * JSON.parse recurses, and what is nested deeply enough overflows the stack.
 */
function refuseLostDigits(text: string): void {
  for (const [token] of text.matchAll(TOKEN)) {
    if (!token.startsWith('"') && losesDigits(token, Number(token))) {
      throw malformed('A number has more digits than JSON numbers keep; send it as a string.');
    }
  }
}

/** A fraction is rounded as it is everywhere; what is read as a whole number, 0 included, must be the one that was written. */
function losesDigits(source: string, value: number): boolean {
  if (!Number.isFinite(value)) return true;
  return Number.isInteger(value) && decimalOf(source) !== decimalOf(JSON.stringify(value));
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** The same text for all ways to write a number: `1200`, `1.2e3` and `1200.0` are `12e2`. */
function decimalOf(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(number) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  if (end === 0) return '0';
  return `${sign}${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}
