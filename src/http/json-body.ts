import type { IncomingMessage } from 'node:http';
import { Problem } from './problem.js';
import { readBody } from './raw-body.js';

const JSON_TYPE = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?;?\s*$/i;
const decoder = new TextDecoder('utf-8', { fatal: true });
const LONG_DIGITS = /\d{16}/;

/**
 * Reads and parses a request's JSON body. Of a doubled name the last value counts, and only that one goes on. Throws the
 * problems of SPEC §3 for a wrong type (415), too many bytes (413), and what is not JSON (400); none echoes the body.
 */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  if (!JSON_TYPE.test(request.headers['content-type'] ?? '') || isEncoded(request)) {
    throw new Problem(
      'unsupported-media-type',
      'The body must be application/json, in UTF-8 and not compressed.',
    );
  }
  return parseJson(await readBody(request));
}

function isEncoded({ headers }: IncomingMessage): boolean {
  const encoding = headers['content-encoding'];
  return encoding !== undefined && encoding.toLowerCase() !== 'identity';
}

function parseJson(bytes: Buffer): unknown {
  const text = decode(bytes);
  const value = parse(text);
  if (LONG_DIGITS.test(text)) refuseLostDigits(text);
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
 * An integer that a double cannot hold would reach the external as another one, without anybody noticing (SPEC §1,
 * `providerData`). Whatever JSON.stringify would write back in the same way is fine. `text` is valid JSON. Its tokens are
 * walked, not its values: a reviver of JSON.parse recurses, and what is nested deeply enough overflows the stack.
 */
function refuseLostDigits(text: string): void {
  for (const [token] of text.matchAll(TOKEN)) {
    if (!token.startsWith('"') && losesDigits(token, Number(token))) {
      throw malformed('A number has more digits than JSON numbers keep; send it as a string.');
    }
  }
}

function losesDigits(source: string, value: number): boolean {
  if (!Number.isFinite(value)) return true;
  if (!/^-?\d+$/.test(source)) return false;
  const written = JSON.stringify(value);
  return /^-?\d+$/.test(written) ? BigInt(written) !== BigInt(source) : Number(source) !== Number(written);
}
