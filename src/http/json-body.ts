import type { IncomingMessage } from 'node:http';
import { Problem } from '../problems/problem.js';
import { readBody } from './raw-body.js';

const JSON_TYPE = /^application\/json\s*(?:;|$)/i;
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)/i;
const decoder = new TextDecoder('utf-8', { fatal: true });
/** A number that may lose precision has this many digits or an exponent. Most bodies have neither. */
const POSSIBLY_LOSSY = /[\d.]{16}|\d[eE]/;

/**
 * Reads and parses a request's JSON body. If a name occurs twice, the last value wins, and only that value is passed on.
 * @throws Problem for a wrong media type (415), too many bytes (413) and invalid JSON (400); none echoes the body (SPEC §3)
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

/** Parameters of the type have no meaning (RFC 8259 §11), but with a charset other than UTF-8 the bytes are not JSON. */
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
  if (POSSIBLY_LOSSY.test(text)) refuseLossyNumbers(text);
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

/** A string or a number of JSON. Strings are matched so that digits inside them are skipped. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

/**
 * An integer that a double cannot represent would silently reach the external as a different one, and a number beyond a double's
 * range as `null` or 0 (SPEC §1, `providerData`). `text` is valid JSON. The loop visits tokens because a reviver of JSON.parse
 * recurses, and deep nesting would overflow the stack.
 */
function refuseLossyNumbers(text: string): void {
  for (const [token] of text.matchAll(TOKEN)) {
    if (!token.startsWith('"') && losesDigits(token, Number(token))) {
      throw malformed('A number has more digits than JSON numbers can represent; send it as a string.');
    }
  }
}

/** Rounding a fraction is allowed; a value that is read as an integer, 0 included, must equal the number in the text. */
function losesDigits(source: string, value: number): boolean {
  if (!Number.isFinite(value)) return true;
  return Number.isInteger(value) && decimalOf(source) !== decimalOf(JSON.stringify(value));
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** One notation for all ways to write a number: `1200`, `1.2e3` and `1200.0` are `12e2`. */
function decimalOf(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(number) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  if (end === 0) return '0';
  return `${sign}${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}
