import { holdsCardNumber } from '../sensitive/card-network.js';
import { CURRENCY_CODES, minorUnitDigits } from './currency.js';
import { isDeeperThan, isJsonObject } from '../shared/json.js';
import type { FieldRule } from './field.js';

/** The rules of SPEC §1, each once: judged, told and documented from here. */

export const MAX_AMOUNT = 999_999_999_999;
export const MAX_IDENTIFIER_LENGTH = 255;
export const MAX_URL_LENGTH = 2_048;
export const MAX_PROVIDER_DATA_BYTES = 65_536;
/** Deeper than any real payload, and well within what JSON.stringify's recursion bears. */
export const MAX_PROVIDER_DATA_DEPTH = 1_000;
const MAX_COUNT = 2_147_483_647;

/** An integer count of minor units. */
export function amount(minimum: 0 | 1): FieldRule {
  return {
    name: 'amount',
    detail: `must be an integer from ${minimum} to ${MAX_AMOUNT}, in minor units`,
    schema: { type: 'integer', format: 'int64', minimum, maximum: MAX_AMOUNT },
    accepts: (value) =>
      Number.isInteger(value) && (value as number) >= minimum && (value as number) <= MAX_AMOUNT,
  };
}

export const currency: FieldRule = {
  name: 'currency',
  detail: 'must be an ISO 4217 alphabetic code in upper case',
  schema: {
    enum: [...CURRENCY_CODES],
    enumName: 'Currency',
    enumSchema: { description: 'An ISO 4217 alphabetic code.' },
  },
  accepts: (value) => typeof value === 'string' && minorUnitDigits(value) !== undefined,
};

/** No control or format characters, no lone surrogates, no line or paragraph separators. */
const PRINTABLE = /^[^\p{C}\p{Zl}\p{Zp}]{1,255}$/u;

/** True for 1 to 255 printable characters, counted as code points. */
export function isIssuedIdentifier(value: unknown): value is string {
  return typeof value === 'string' && PRINTABLE.test(value);
}

/** The same, and no card number in it: identifiers are stored and logged as they are. */
export function isIdentifier(value: unknown): value is string {
  return isIssuedIdentifier(value) && !holdsCardNumber(value);
}

const ISSUED_IDENTIFIER_DETAIL = `must be a string of 1 to ${MAX_IDENTIFIER_LENGTH} printable characters`;
export const IDENTIFIER_DETAIL = `${ISSUED_IDENTIFIER_DETAIL}, and must not hold a card number`;

export const identifier: FieldRule = {
  name: 'identifier',
  detail: IDENTIFIER_DETAIL,
  schema: { type: 'string', minLength: 1, maxLength: MAX_IDENTIFIER_LENGTH },
  accepts: isIdentifier,
};

/** What an external names its own things by: refusing it would lose a payment that was made. */
export const issuedIdentifier: FieldRule = {
  ...identifier,
  detail: ISSUED_IDENTIFIER_DETAIL,
  accepts: isIssuedIdentifier,
};

const HTTP_URL = /^https?:\/\/[^\s\p{C}]+$/iu;

/** An absolute http(s) URL. White space and control characters are refused: URL parsers drop some of them silently. */
export const httpUrl: FieldRule = {
  name: 'httpUrl',
  detail: `must be an absolute http(s) URL of at most ${MAX_URL_LENGTH} characters`,
  schema: { type: 'string', format: 'uri', pattern: '^[Hh][Tt]{2}[Pp][Ss]?://', maxLength: MAX_URL_LENGTH },
  accepts: (value) =>
    typeof value === 'string' &&
    value.length <= MAX_URL_LENGTH &&
    HTTP_URL.test(value) &&
    URL.canParse(value),
};

const ABSOLUTE_URL = /^[a-z][a-z\d+.-]*:[^\s\p{C}]+$/iu;
/** Schemes by which a link would run or show what it carries itself, instead of leading anywhere. */
const INLINE_SCHEME = /^(?:javascript|vbscript|data|blob|file|about):/i;

/** Where an external sends a payer: an http(s) URL, or the link of an app. */
export const redirectUrl: FieldRule = {
  name: 'redirectUrl',
  detail: `must be an absolute URL of at most ${MAX_URL_LENGTH} characters`,
  schema: { type: 'string', format: 'uri', maxLength: MAX_URL_LENGTH },
  accepts: (value) =>
    typeof value === 'string' &&
    value.length <= MAX_URL_LENGTH &&
    ABSOLUTE_URL.test(value) &&
    !INLINE_SCHEME.test(value) &&
    URL.canParse(value),
};

export const providerData: FieldRule = {
  name: 'providerData',
  detail: `must be a JSON object of at most 64 KiB and ${MAX_PROVIDER_DATA_DEPTH} levels`,
  schema: { type: 'object', additionalProperties: true },
  accepts: (value) =>
    isJsonObject(value) &&
    !isDeeperThan(MAX_PROVIDER_DATA_DEPTH, value) &&
    Buffer.byteLength(JSON.stringify(value)) <= MAX_PROVIDER_DATA_BYTES,
};

/** An integer from 1. */
export const count: FieldRule = {
  name: 'count',
  detail: `must be an integer from 1 to ${MAX_COUNT}`,
  schema: { type: 'integer', minimum: 1, maximum: MAX_COUNT },
  accepts: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_COUNT,
};

export function oneOf(values: readonly string[]): FieldRule {
  return {
    name: 'oneOf',
    detail: `must be one of ${values.join(', ')}`,
    schema: { type: 'string', enum: [...values] },
    accepts: (value) => typeof value === 'string' && values.includes(value),
  };
}

export const text: FieldRule = {
  name: 'text',
  detail: 'must be a string',
  schema: { type: 'string' },
  accepts: (value) => typeof value === 'string',
};

/** Whatever JSON value the other side put there but `null`, which counts as absent; it passes through. */
export const anyJson: FieldRule = {
  name: 'anyJson',
  detail: 'must be a JSON value',
  schema: {
    anyOf: [
      { type: 'object', additionalProperties: true },
      { type: 'array', items: {} },
      { type: 'string' },
      { type: 'number' },
      { type: 'boolean' },
    ],
  },
  accepts: () => true,
};
