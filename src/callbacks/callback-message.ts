import { isUtf8 } from 'node:buffer';
import type { Request } from 'express';
import { readRawBody } from '../http/raw-body.js';
import { invalid, queryOf } from '../http/request-parameters.js';
import { Problem } from '../problems/problem.js';
import { detailOf } from '../rules/rule.js';
import { issuedIdentifier, MAX_PASSED_DEPTH } from '../rules/rules.js';
import { type JsonBounds, readJson } from '../shared/json-reader.js';
import { isJsonObject } from '../shared/json.js';
import { formField, formOutline, formText, NOT_UTF8 } from './callback-fields.js';

/** The ids that a callback may name; receipts, log fields and rows go by these names. */
const NAMES = ['paymentId', 'refundId', 'subscriptionToken'] as const;

type CallbackName = (typeof NAMES)[number];
export type CallbackNames = Readonly<Partial<Record<CallbackName, string>>>;

/** The part of a callback that is read: what it names. Nothing else in it is trusted (SPEC §2). */
export interface CallbackMessage extends CallbackNames {
  readonly method: 'GET' | 'POST';
  /** The body as received, bytes that are no text replaced; null if there was none. */
  readonly body: string | null;
}

/** A callback about a payment alone. */
export type PaymentCallback = CallbackMessage & {
  readonly paymentId: string;
  readonly refundId?: undefined;
  readonly subscriptionToken?: undefined;
};

export function isAboutPayment(message: CallbackMessage): message is PaymentCallback {
  const { paymentId, refundId, subscriptionToken } = message;
  return paymentId !== undefined && refundId === undefined && subscriptionToken === undefined;
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
  // Deeper ones take long to parse, and a stranger may have sent them; no external nests a tenth of it.
  maxDepth: MAX_PASSED_DEPTH - 1,
  // Thousands of them, hundreds of levels deep, would take long to name.
  maxViolations: 100,
};

/**
 * Reads a callback, GET or POST: its ids in the query, or in the JSON or form body; other fields are allowed, in any
 * encoding. A body that cannot be read is not needed where the query names something. Of a POST whose body is signed,
 * the body alone counts (SPEC §1): anybody may have changed the query.
 * Throws the problems of SPEC §3.
 */
export async function readCallback(request: Request, isSigned: boolean): Promise<CallbackReading> {
  if (isSigned && request.method === 'POST') return readSignedBody(request);
  const oddities: string[] = [];
  const inQuery = collect((name) => nameInQuery(name, request, oddities));
  if (request.method === 'GET') return reading('GET', inQuery, null, oddities);
  const bytes = await readRawBody(request);
  const body = textOf(bytes, request);
  if (body.trim() === '') return reading('POST', inQuery, null, oddities);
  const isNamed = Object.keys(inQuery.names).length > 0;
  const inBody = namesInBody(body, request, isNamed, oddities);
  return reading('POST', merged(inQuery, inBody), body, oddities);
}

async function readSignedBody(request: Request): Promise<CallbackReading> {
  const oddities: string[] = [];
  const body = textOf(await readRawBody(request), request);
  // The type is not signed: it must not make a form of a JSON text.
  const isJsonSentAsForm = FORM_TYPE.test(request.headers['content-type'] ?? '') && isJson(body);
  const names = isJsonSentAsForm ? namesInJson(body) : readNames(body, request, oddities);
  const missing = invalid(
    '/paymentId',
    'is missing: the signed body names the payment, the query is not signed',
  );
  const message = reading('POST', names, body, oddities, missing);
  for (const name of NAMES) {
    const { texts } = formField(queryOf(request), name);
    if (message[name] === undefined || texts.every((text) => formText(text) === message[name])) continue;
    const what = { paymentId: 'payment', refundId: 'refund', subscriptionToken: 'subscription' }[name];
    oddities.push(`the query names another ${what} and is not signed; the body counts`);
  }
  return message;
}

/** What was received, for the log: names, and of the values only the ids. */
export function callbackOutline(request: Request): string {
  const { 'content-type': type = 'none' } = request.headers;
  const query = formOutline(queryOf(request), NAMES);
  return request.method === 'GET' ? `query ${query}` : `query ${query}, Content-Type ${type}`;
}

const NAMES_NOTHING = invalid(
  '/query/paymentId',
  'is missing: a callback names a paymentId, a refundId or a subscriptionToken',
);

/** The ids of one place. `refusal`: one of them cannot be read, and is not needed where another can. */
interface Collected {
  readonly names: CallbackNames;
  readonly refusal: Problem | undefined;
}

/** A `paymentId` that cannot be read is refused at once; other fields were allowed to hold anything before they had a meaning. */
function collect(read: (name: CallbackName) => string | undefined): Collected {
  const names: Partial<Record<CallbackName, string>> = {};
  let refusal: Problem | undefined;
  for (const name of NAMES) {
    try {
      const id = read(name);
      if (id !== undefined) names[name] = id;
    } catch (error) {
      if (!(error instanceof Problem) || name === 'paymentId') throw error;
      refusal ??= error;
    }
  }
  return { names, refusal };
}

function merged(inQuery: Collected, inBody: Collected): Collected {
  return collect((name) => {
    const [ofQuery, ofBody] = [inQuery.names[name], inBody.names[name]];
    if (ofQuery !== undefined && ofBody !== undefined && ofQuery !== ofBody)
      throw invalid(`/${name}`, 'must be the same as in the query');
    if (name !== 'paymentId' && ofQuery === undefined && ofBody === undefined) {
      const refusal = inQuery.refusal ?? inBody.refusal;
      if (refusal) throw refusal;
    }
    return ofBody ?? ofQuery;
  });
}

function reading(
  method: 'GET' | 'POST',
  { names, refusal }: Collected,
  body: string | null,
  oddities: string[],
  missing = NAMES_NOTHING,
): CallbackReading {
  if (Object.keys(names).length === 0) throw refusal ?? missing;
  if (refusal) oddities.push(`${refusal.detail} It was ignored`);
  return { method, ...names, body, oddities };
}

function nameInQuery(name: CallbackName, request: Request, oddities: string[]): string | undefined {
  const field = formField(queryOf(request), name);
  if (field.texts.length > 1) throw invalid(`/query/${name}`, 'must be given once');
  if (field.isOdd) note(oddities, 'the query has other separators than &');
  const [text] = field.texts;
  if (text === undefined) return undefined;
  const id = formText(text);
  if (id.includes(NOT_UTF8)) throw invalid(`/query/${name}`, 'must be percent-encoded UTF-8');
  return checked(id, `/query/${name}`);
}

function namesInBody(body: string, request: Request, isNamed: boolean, oddities: string[]): Collected {
  try {
    return readNames(body, request, oddities);
  } catch (error) {
    if (!isNamed || !(error instanceof UnreadableBody)) throw error;
    oddities.push('the body cannot be read; the query names the payment');
    return { names: {}, refusal: undefined };
  }
}

function readNames(body: string, { headers }: Request, oddities: string[]): Collected {
  const type = headers['content-type'] ?? '';
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() === 'identity') {
    if (JSON_TYPE.test(type)) return namesInJson(body);
    if (FORM_TYPE.test(type)) return collect((name) => nameInForm(name, body, LATIN1.test(type), oddities));
  }
  throw new UnreadableBody(
    'unsupported-media-type',
    'The body of a callback must be application/json or application/x-www-form-urlencoded, and not compressed, ' +
      'unless the query names the payment.',
  );
}

function namesInJson(body: string): Collected {
  const { value, violations } = readJson(body, BOUNDS);
  if (violations[0]?.kind === 'too-deep')
    throw malformed(`must have at most ${MAX_PASSED_DEPTH.toLocaleString('en-US')} levels`);
  if (value === undefined) throw malformed('must be valid JSON');
  if (!isJsonObject(value)) throw malformed('must be a JSON object');
  if (violations.length === BOUNDS.maxViolations) throw malformed('must not repeat so many names');
  return collect((name) => {
    if (violations.some((violation) => 'pointer' in violation && violation.pointer === `/${name}`))
      throw invalid(`/${name}`, 'must be given once');
    const id = Object.hasOwn(value, name) ? (value[name] ?? undefined) : undefined;
    return id === undefined ? undefined : checked(id, `/${name}`);
  });
}

function isJson(body: string): boolean {
  return isJsonObject(readJson(body, BOUNDS).value);
}

function nameInForm(
  name: CallbackName,
  body: string,
  isLatin1: boolean,
  oddities: string[],
): string | undefined {
  const { texts, isOdd } = formField(body, name);
  if (texts.length > 1) throw invalid(`/${name}`, 'must be given once');
  if (isOdd) note(oddities, 'the form has other separators than &');
  return texts[0] === undefined ? undefined : checked(formText(texts[0], isLatin1), `/${name}`);
}

function checked(id: unknown, pointer: string): string {
  if (typeof id === 'string' && id.includes(NOT_UTF8)) throw invalid(pointer, 'must be valid UTF-8');
  if (issuedIdentifier.accepts(id)) return id;
  throw invalid(pointer, detailOf(issuedIdentifier));
}

function note(oddities: string[], oddity: string): void {
  if (!oddities.includes(oddity)) oddities.push(oddity);
}

/** UTF-8 if it can be, as most senders that announce another charset mean it; without a byte order mark. */
function textOf(bytes: Buffer, { headers }: Request): string {
  const isLatin1 = !isUtf8(bytes) && LATIN1.test(headers['content-type'] ?? '');
  return new TextDecoder(isLatin1 ? 'windows-1252' : 'utf-8').decode(bytes);
}

/** A body whose ids, if it has any, cannot be found. */
class UnreadableBody extends Problem {}

function malformed(detail: string): UnreadableBody {
  return new UnreadableBody('validation-failed', `The body ${detail}.`, {
    errors: [{ pointer: '', detail }],
  });
}
