import { isUtf8 } from 'node:buffer';
import type { Request } from 'express';
import { readRawBody } from '../http/raw-body.js';
import { invalid, queryOf } from '../http/request-parameters.js';
import { Problem } from '../problems/problem.js';
import { detailOf } from '../rules/rule.js';
import { issuedIdentifier } from '../rules/rules.js';
import { type JsonBounds, readJson } from '../shared/json-reader.js';
import { isJsonObject } from '../shared/json.js';
import { formField, formOutline, formText, NOT_UTF8 } from './callback-fields.js';

/** The part of a callback that is read: its payment. Nothing else in it is trusted (SPEC §2). */
export interface CallbackMessage {
  readonly method: 'GET' | 'POST';
  readonly paymentId: string;
  /** The body as received, bytes that are no text replaced; null if there was none. */
  readonly body: string | null;
}

export interface CallbackReading extends CallbackMessage {
  /** How it had to be read, where it is not as documented. */
  readonly oddities: readonly string[];
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;
const LATIN1 = /;\s*charset\s*=\s*"?(?:iso-?8859-1|iso-?8859-15|latin-?1|windows-1252|us-ascii)\b/i;

/** A second `paymentId` would be another reading of the same bytes. */
const BOUNDS: JsonBounds = {
  byteOrderMark: 'ignore',
  duplicateNames: 'refuse',
  lossyNumbers: 'round',
  // Thousands of them, thousands of levels deep, would take a second to name.
  maxViolations: 100,
};

/**
 * Reads a callback, GET or POST: `paymentId` in the query, or in the JSON or form body; other fields are allowed, in
 * any encoding. A body that cannot be read is not needed where the query names the payment. Of a POST whose body is
 * signed, the body alone counts (SPEC §1): anybody may have changed the query.
 * Throws the problems of SPEC §3.
 */
export async function readCallback(request: Request, isSigned: boolean): Promise<CallbackReading> {
  if (isSigned && request.method === 'POST') return readSignedBody(request);
  const oddities: string[] = [];
  const inQuery = paymentIdInQuery(request, oddities);
  if (request.method === 'GET') {
    return { method: 'GET', paymentId: checked(inQuery, '/query'), body: null, oddities };
  }
  const bytes = await readRawBody(request);
  const body = textOf(bytes, request);
  if (body.trim() === '') {
    return { method: 'POST', paymentId: checked(inQuery, '/query'), body: null, oddities };
  }
  const inBody = paymentIdInBody(body, request, inQuery !== undefined, oddities);
  if (inBody === undefined) return { method: 'POST', paymentId: checked(inQuery, '/query'), body, oddities };
  const paymentId = checked(inBody, '');
  if (inQuery !== undefined && inQuery !== paymentId) {
    throw invalid('/paymentId', 'must be the same as in the query');
  }
  return { method: 'POST', paymentId, body, oddities };
}

async function readSignedBody(request: Request): Promise<CallbackReading> {
  const oddities: string[] = [];
  const body = textOf(await readRawBody(request), request);
  // The type is not signed: it must not make a form of a JSON text.
  const isJsonSentAsForm = FORM_TYPE.test(request.headers['content-type'] ?? '') && isJson(body);
  const inBody = isJsonSentAsForm ? paymentIdInJson(body) : readPaymentId(body, request, oddities);
  if (inBody === undefined) {
    throw invalid('/paymentId', 'is missing: the signed body names the payment, the query is not signed');
  }
  const paymentId = checked(inBody, '');
  const { texts } = formField(queryOf(request), 'paymentId');
  if (texts.some((text) => formText(text) !== paymentId)) {
    oddities.push('the query names another payment and is not signed; the body counts');
  }
  return { method: 'POST', paymentId, body, oddities };
}

/** What was received, for the log: names, and of the values only the payment's. */
export function callbackOutline(request: Request): string {
  const { 'content-type': type = 'none' } = request.headers;
  const query = formOutline(queryOf(request), 'paymentId');
  return request.method === 'GET' ? `query ${query}` : `query ${query}, Content-Type ${type}`;
}

function paymentIdInQuery(request: Request, oddities: string[]): string | undefined {
  const field = formField(queryOf(request), 'paymentId');
  if (field.texts.length > 1) throw invalid('/query/paymentId', 'must be given once');
  if (field.isOdd) oddities.push('the query has other separators than &');
  const [text] = field.texts;
  if (text === undefined) return undefined;
  const paymentId = formText(text);
  if (paymentId.includes(NOT_UTF8)) throw invalid('/query/paymentId', 'must be percent-encoded UTF-8');
  return paymentId;
}

/** Undefined: it names none. */
function paymentIdInBody(body: string, request: Request, isNamed: boolean, oddities: string[]): unknown {
  try {
    return readPaymentId(body, request, oddities);
  } catch (error) {
    if (!isNamed || !(error instanceof UnreadableBody)) throw error;
    oddities.push('the body cannot be read; the query names the payment');
    return undefined;
  }
}

function readPaymentId(body: string, { headers }: Request, oddities: string[]): unknown {
  const type = headers['content-type'] ?? '';
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() === 'identity') {
    if (JSON_TYPE.test(type)) return paymentIdInJson(body);
    if (FORM_TYPE.test(type)) return paymentIdInForm(body, LATIN1.test(type), oddities);
  }
  throw new UnreadableBody(
    'unsupported-media-type',
    'The body of a callback must be application/json or application/x-www-form-urlencoded, and not compressed, ' +
      'unless the query names the payment.',
  );
}

function paymentIdInJson(body: string): unknown {
  const { value, violations } = readJson(body, BOUNDS);
  if (value === undefined) throw malformed('must be valid JSON');
  if (!isJsonObject(value)) throw malformed('must be a JSON object');
  if (violations.length === BOUNDS.maxViolations) throw malformed('must not repeat so many names');
  if (violations.some((violation) => 'pointer' in violation && violation.pointer === '/paymentId')) {
    throw invalid('/paymentId', 'must be given once');
  }
  return Object.hasOwn(value, 'paymentId') ? (value['paymentId'] ?? undefined) : undefined;
}

function isJson(body: string): boolean {
  return isJsonObject(readJson(body, BOUNDS).value);
}

function paymentIdInForm(body: string, isLatin1: boolean, oddities: string[]): string | undefined {
  const { texts, isOdd } = formField(body, 'paymentId');
  if (texts.length > 1) throw invalid('/paymentId', 'must be given once');
  if (isOdd) oddities.push('the form has other separators than &');
  return texts[0] === undefined ? undefined : formText(texts[0], isLatin1);
}

function checked(paymentId: unknown, where: '' | '/query'): string {
  if (typeof paymentId === 'string' && paymentId.includes(NOT_UTF8)) {
    throw invalid(`${where}/paymentId`, 'must be valid UTF-8');
  }
  if (issuedIdentifier.accepts(paymentId)) return paymentId;
  throw invalid(`${where}/paymentId`, detailOf(issuedIdentifier));
}

/** UTF-8 if it can be, as most senders that announce another charset mean it; without a byte order mark. */
function textOf(bytes: Buffer, { headers }: Request): string {
  const isLatin1 = !isUtf8(bytes) && LATIN1.test(headers['content-type'] ?? '');
  return new TextDecoder(isLatin1 ? 'windows-1252' : 'utf-8').decode(bytes);
}

/** A body whose `paymentId`, if it has one, cannot be found. */
class UnreadableBody extends Problem {}

function malformed(detail: string): UnreadableBody {
  return new UnreadableBody('validation-failed', `The body ${detail}.`, {
    errors: [{ pointer: '', detail }],
  });
}
