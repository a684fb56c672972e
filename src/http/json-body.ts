import type { IncomingMessage } from 'node:http';
import { Problem } from '../problems/problem.js';
import { MAX_PASSED_DEPTH } from '../rules/rules.js';
import { readJson, type JsonBounds } from '../shared/json-reader.js';
import { readRawBody } from './raw-body.js';

const JSON_TYPE = /^application\/json\s*(?:;|$)/i;
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)/i;

/**
 * Of a duplicate name the last value counts, and only that one is passed on. A lossy number would reach the external
 * as another one (SPEC §1, `providerData`). How many bytes a body may have is checked while it arrives.
 */
export const REQUEST_BOUNDS: JsonBounds = {
  byteOrderMark: 'ignore',
  duplicateNames: 'keep-last',
  lossyNumbers: 'refuse',
  // Deeper than `providerData` may be, whose own rule names it; far below what takes long to parse.
  maxDepth: 4 * MAX_PASSED_DEPTH,
  maxViolations: 1,
};

/**
 * Reads and parses a request's JSON body. Throws the problems of SPEC §3 for a wrong type (415), too many bytes (413),
 * and what is not JSON (400); none echoes the body.
 */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  if (!isJson(request) || isEncoded(request)) {
    throw new Problem(
      'unsupported-media-type',
      'The body must be application/json, in UTF-8 and not compressed.',
    );
  }
  return parseJson(await readRawBody(request));
}

/**
 * Parameters of the type have no meaning (RFC 8259 §11), but a charset other than UTF-8 says that the bytes are not
 * JSON.
 */
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
  const { value, violations } = readJson(bytes, REQUEST_BOUNDS);
  const [violation] = violations;
  if (!violation) return value;
  if (violation.kind === 'not-utf8') throw malformed('The body is not valid UTF-8.');
  if (violation.kind === 'too-deep') throw malformed('The body has too many levels.');
  if (violation.kind === 'lossy-number') {
    throw malformed('A number has more digits than JSON numbers can represent; send it as a string.');
  }
  throw malformed(bytes.toString().trim() === '' ? 'The body is empty.' : 'The body is not valid JSON.');
}

function malformed(detail: string): Problem {
  return new Problem('validation-failed', detail, { errors: [{ pointer: '', detail }] });
}
