import type { OutboundAnswer } from '../outbound/exchange.js';
import { fieldsOf } from '../rules/field.js';
import { MAX_PASSED_BYTES, MAX_PASSED_DEPTH } from '../rules/rules.js';
import { maskCardNumbers } from '../sensitive/card-number.js';
import { CHANGED_NUMBERS, textOf, withRawNumbers } from '../shared/json-reader.js';
import { JsonScanner, type JsonViolation, type ScannedMember } from '../shared/json-scanner.js';
import { isJsonObject } from '../shared/json.js';
import type { AnswerEcho, WithoutEcho } from './answer-echo.js';
import { ANSWER_TYPES } from './answers.js';

/** A body read as JSON, or why it is not JSON. */
export type BodyReading =
  | {
      readonly ok: true;
      readonly json: unknown;
      /** How it exceeds the bounds of an answer: then `json` holds nothing but texts of the outermost object. */
      readonly violation?: string;
    }
  | { readonly ok: false; readonly problem: string };

/** `application/json`, `text/json`, `application/problem+json`, …, with any parameters. */
const JSON_TYPE = /^\s*(?:application\/json|text\/json|application\/[\w.+-]+\+json)\s*(?:;|$)/i;
/** Between the types of a header that was sent twice, or merged by a proxy; no comma of a quoted parameter. */
const TYPE_SEPARATOR = /,(?=(?:[^"]*"[^"]*")*[^"]*$)/;
const MAX_TYPE_LENGTH = 1_024;

/** The members of an answer that are read; the others are dropped (SPEC §2). */
const MEMBERS: ReadonlySet<string> = new Set([
  ...Object.values(ANSWER_TYPES).flatMap((type) => fieldsOf(type).map(({ name }) => name)),
  'detail',
  'message',
]);
const PASSED_THROUGH = ['metadata', 'action'];

/**
 * Reads an answer's body as JSON. A body without `Content-Type` may be JSON; one of another type is not read as JSON.
 * What it repeats of the request (`echo`) is removed. The text is scanned before any value is built from it, and only the members that are read are built: no body of
 * 1 MiB takes longer than some 30 ms.
 */
export function readAnswerBody({ headers, body }: OutboundAnswer, echo?: AnswerEcho): BodyReading {
  if (body.length === 0) return { ok: false, problem: 'it has no body' };
  const coding = headers['content-encoding'];
  if (coding !== undefined && !isIdentity(coding))
    return { ok: false, problem: `its Content-Encoding (${shownCoding(coding, echo)}) cannot be decoded` };
  if (!isJsonType(headers['content-type'])) return { ok: false, problem: 'its Content-Type is not JSON' };
  const text = textOf(body, { byteOrderMark: 'ignore' });
  if (text === undefined) return { ok: false, problem: 'its body is not UTF-8' };
  const scanner = scannerOf(text);
  if (scanner.scan()) return { ok: false, problem: 'its body is not JSON' };
  const violation = violationOf(text, scanner);
  if (violation !== undefined) {
    // It names members as the external does.
    const shown = echo ? echo.maskText(violation) : violation;
    return { ok: true, violation: shown, ...withoutEcho(textsOf(text, scanner.members), text, echo) };
  }
  const json = withRawNumbers(valueOf(text, scanner.members), scanner.numbers);
  return { ok: true, ...withoutEcho(json, text, echo) };
}

function withoutEcho(json: unknown, text: string, echo: AnswerEcho | undefined): WithoutEcho {
  return echo ? echo.remove(json, text) : { json };
}

/** The texts of an answer that was cut at the limit of its length, as far as they were received. */
export function readCutBody({ body }: OutboundAnswer, echo?: AnswerEcho): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body, { stream: true });
    const scanner = scannerOf(text);
    scanner.scan();
    return withoutEcho(textsOf(text, scanner.members), text, echo).json;
  } catch {
    return undefined;
  }
}

function scannerOf(text: string): JsonScanner {
  return new JsonScanner(text, {
    duplicates: true,
    numbers: CHANGED_NUMBERS,
    maxDepth: MAX_PASSED_DEPTH + 1,
    maxFindings: 1,
    members: MEMBERS,
    maxMemberLength: MAX_PASSED_BYTES,
  });
}

function isJsonType(type: string | string[] | undefined): boolean {
  if (type === undefined) return true;
  const types = String(type);
  // As almost all are: splitting costs each answer a microsecond of CPU time.
  if (!types.includes(',')) return types.length <= MAX_TYPE_LENGTH && JSON_TYPE.test(types);
  return types.length <= MAX_TYPE_LENGTH && types.split(TYPE_SEPARATOR).every((each) => JSON_TYPE.test(each));
}

function isIdentity(coding: string | string[]): boolean {
  return /^\s*(?:identity\s*(?:,\s*identity\s*)*)?$/i.test(String(coding));
}

function shownCoding(coding: string | string[], echo: AnswerEcho | undefined): string {
  return (echo ? echo.maskText(String(coding)) : String(coding)).slice(0, 64).replaceAll(/[^\w*, -]/g, '?');
}

function violationOf(text: string, { violations, isTooDeep, members }: JsonScanner): string | undefined {
  const [twice] = violations as readonly Extract<JsonViolation, { pointer: string }>[];
  if (twice) return `${twice.pointer} occurs more than once`;
  if (isTooDeep) return `it has more than ${MAX_PASSED_DEPTH.toLocaleString('en-US')} levels`;
  const bounded = members.filter(
    ({ name, valueStart }) =>
      PASSED_THROUGH.includes(name) || text[valueStart] === '{' || text[valueStart] === '[',
  );
  const bytes = bounded.reduce(
    (sum, { valueStart, end }) => sum + Buffer.byteLength(text.slice(valueStart, end)),
    0,
  );
  if (bytes <= MAX_PASSED_BYTES) return undefined;
  const names = [...new Set(bounded.map(({ name }) => `/${name}`))].join(' and ');
  return `${names} must have at most ${MAX_PASSED_BYTES / 1_024} KiB`;
}

/** Of a long text only the members that are read, which are short by now but for texts. */
function valueOf(text: string, members: readonly ScannedMember[]): unknown {
  if (text.length <= MAX_PASSED_BYTES) return JSON.parse(text);
  if (!text.trimStart().startsWith('{')) return undefined;
  return JSON.parse(`{${members.map(({ start, end }) => text.slice(start, end)).join(',')}}`);
}

/** The members whose value is a text, and whose name occurs once; not those that are passed through unread. */
function textsOf(text: string, members: readonly ScannedMember[]): Record<string, string> {
  const count = new Map<string, number>();
  for (const { name } of members) count.set(name, (count.get(name) ?? 0) + 1);
  return Object.fromEntries(
    members
      .filter(({ name, valueStart, end }) => count.get(name) === 1 && end > 0 && text[valueStart] === '"')
      .filter(({ name }) => !PASSED_THROUGH.includes(name))
      .map(({ name, valueStart, end }) => [name, JSON.parse(text.slice(valueStart, end)) as string]),
  );
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
