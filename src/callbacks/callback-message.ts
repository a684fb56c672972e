import type { Request } from 'express';
import { detailOf } from '../rules/rule.js';
import { issuedIdentifier } from '../rules/rules.js';
import { Problem } from '../problems/problem.js';
import { readRawBody } from '../http/raw-body.js';
import { invalid, singleQueryValue } from '../http/request-parameters.js';
import { isJsonObject } from '../shared/json.js';

/** The part of a callback that is read: its payment. Nothing else in it is trusted (SPEC §2). */
export interface CallbackMessage {
  readonly method: 'GET' | 'POST';
  readonly paymentId: string;
  /** The body as received; null if there was none. */
  readonly body: string | null;
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a callback, GET or POST: `paymentId` in the query, or in the JSON or form body; other fields are allowed.
 * Throws the problems of SPEC §3.
 */
export async function readCallback(request: Request): Promise<CallbackMessage> {
  const inQuery = singleQueryValue(request, 'paymentId');
  if (request.method === 'GET') return { method: 'GET', paymentId: checked(inQuery, '/query'), body: null };
  const body = decode(await readRawBody(request));
  if (body.trim() === '') return { method: 'POST', paymentId: checked(inQuery, '/query'), body: null };
  const inBody = paymentIdIn(body, request);
  if (inBody === undefined) return { method: 'POST', paymentId: checked(inQuery, '/query'), body };
  const paymentId = checked(inBody, '');
  if (inQuery !== undefined && inQuery !== paymentId) {
    throw invalid('/paymentId', 'must be the same as in the query');
  }
  return { method: 'POST', paymentId, body };
}

function paymentIdIn(body: string, { headers }: Request): unknown {
  const type = headers['content-type'] ?? '';
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() === 'identity') {
    if (JSON_TYPE.test(type)) return paymentIdInJson(body);
    if (FORM_TYPE.test(type)) return paymentIdInForm(body);
  }
  throw new Problem(
    'unsupported-media-type',
    'The body of a callback must be application/json or application/x-www-form-urlencoded, and not compressed.',
  );
}

function paymentIdInJson(body: string): unknown {
  const value = parse(body);
  if (!isJsonObject(value)) throw malformed('must be a JSON object');
  return Object.hasOwn(value, 'paymentId') ? value['paymentId'] : undefined;
}

function paymentIdInForm(body: string): unknown {
  const values = new URLSearchParams(body).getAll('paymentId');
  if (values.length > 1) throw invalid('/paymentId', 'must be given once');
  return values[0];
}

function checked(paymentId: unknown, where: '' | '/query'): string {
  if (issuedIdentifier.accepts(paymentId)) return paymentId;
  throw invalid(`${where}/paymentId`, detailOf(issuedIdentifier));
}

function decode(bytes: Buffer): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw malformed('must be valid UTF-8');
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw malformed('must be valid JSON');
  }
}

function malformed(detail: string): Problem {
  return new Problem('validation-failed', `The body ${detail}.`, { errors: [{ pointer: '', detail }] });
}
