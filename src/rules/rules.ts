import { holdsCardNumber } from '../sensitive/card-number.js';
import { isDeeperThan, isJsonObject } from '../shared/json.js';
import { CURRENCY_CODES, minorUnitDigits } from './currency.js';
import { matching, type Rule, type StringRule, stringRule, type TextRule, Violation } from './rule.js';

/** The rules of SPEC §1 for payments, and those of plain JSON values. */

const MAX_AMOUNT = 999_999_999_999;
const MAX_IDENTIFIER_LENGTH = 255;
/** What is passed through, in either direction: `providerData`, `metadata` together with `action`. */
export const MAX_PASSED_BYTES = 65_536;
/** Deeper than any real payload, and shallow enough for the recursion of JSON.stringify. */
export const MAX_PASSED_DEPTH = 1_000;
const MAX_COUNT = 2_147_483_647;

/** An integer in JSON; read from text in decimal digits alone. */
export function integer(minimum: number, maximum: number): TextRule<number> {
  const inRange = (value: number): boolean => value >= minimum && value <= maximum;
  return {
    name: 'integer',
    allowed: `an integer from ${minimum} to ${maximum}`,
    schema: { type: 'integer', minimum, maximum },
    accepts: (value) => Number.isInteger(value) && inRange(value as number),
    read: (digits) => {
      const value = /^\d{1,15}$/.test(digits) ? Number(digits) : Number.NaN;
      return inRange(value) ? value : new Violation();
    },
  };
}

/** An integer count of minor units. */
export function amount(minimum: 0 | 1): TextRule<number> {
  const rule = integer(minimum, MAX_AMOUNT);
  return {
    ...rule,
    name: 'amount',
    allowed: `an integer from ${minimum} to ${MAX_AMOUNT.toLocaleString('en-US')} (minor units)`,
    schema: { ...rule.schema, format: 'int64' },
  };
}

/** An integer from 1, such as a number of intervals. */
export const count: TextRule<number> = { ...integer(1, MAX_COUNT), name: 'count' };

/** An integer from 0 of any size, such as a sum or a counter in an answer. */
export const quantity: Rule = {
  name: 'quantity',
  allowed: 'an integer from 0',
  schema: { type: 'integer', format: 'int64', minimum: 0 },
  accepts: (value) => Number.isInteger(value) && (value as number) >= 0,
};

export const currency: TextRule<string> = {
  ...stringRule(
    'currency',
    'an ISO 4217 alphabetic code in upper case',
    (code) => minorUnitDigits(code) !== undefined,
  ),
  schema: {
    enum: [...CURRENCY_CODES],
    enumName: 'Currency',
    enumSchema: { description: 'An ISO 4217 alphabetic code.' },
  },
};

/** No control or format characters, no lone surrogates, no line or paragraph separators; counted in code points. */
const PRINTABLE = /^[^\p{C}\p{Zl}\p{Zp}]{1,255}$/u;
const IDENTIFIER_ALLOWED = `a string of 1 to ${MAX_IDENTIFIER_LENGTH} printable characters`;
/** Of what is not {@link PRINTABLE}, the part that the regular expressions of all languages can say. */
const WITHOUT_CONTROLS = '^[^\\x00-\\x1f\\x7f-\\x9f]+$';
const IDENTIFIER_SCHEMA = { minLength: 1, maxLength: MAX_IDENTIFIER_LENGTH, pattern: WITHOUT_CONTROLS };

/** An external's own name for something: refusing it would lose a payment that was made. */
export const issuedIdentifier = stringRule(
  'issuedIdentifier',
  IDENTIFIER_ALLOWED,
  (text) => PRINTABLE.test(text),
  IDENTIFIER_SCHEMA,
);

/** For a field in which `null` says that there is none. */
export const issuedIdentifierOrNull: Rule = {
  name: 'issuedIdentifierOrNull',
  allowed: `${IDENTIFIER_ALLOWED}, or null`,
  schema: { anyOf: [{ type: 'string', ...IDENTIFIER_SCHEMA }, { type: 'null' }] },
  accepts: (value) => value === null || issuedIdentifier.accepts(value),
};

/** A name that the gateway stores and logs unchanged, and which therefore must not contain a card number. */
export const identifier = stringRule(
  'identifier',
  `${IDENTIFIER_ALLOWED}, without a card number in it`,
  (text) => PRINTABLE.test(text) && !holdsCardNumber(text),
  IDENTIFIER_SCHEMA,
);

/** An identifier that the gateway made itself. */
export function ownIdentifier(prefix: string): StringRule {
  const pattern = new RegExp(`^${prefix}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`);
  return stringRule(
    'ownIdentifier',
    `an identifier of the gateway: ${prefix}_…`,
    (text) => pattern.test(text),
    {
      pattern: pattern.source,
    },
  );
}

export const providerData: Rule = {
  name: 'providerData',
  allowed: `a JSON object of at most 64 KiB and ${MAX_PASSED_DEPTH.toLocaleString('en-US')} levels`,
  schema: { type: 'object', additionalProperties: true },
  accepts: (value) =>
    isJsonObject(value) &&
    !isDeeperThan(MAX_PASSED_DEPTH, value) &&
    Buffer.byteLength(JSON.stringify(value)) <= MAX_PASSED_BYTES,
};

/** Any string, the empty one included. */
export const text = stringRule('text', 'a string', () => true);

export const textOrNull: Rule = {
  name: 'textOrNull',
  allowed: 'a string or null',
  schema: { anyOf: [{ type: 'string' }, { type: 'null' }] },
  accepts: (value) => value === null || typeof value === 'string',
};

/** No control or format characters, which are invisible. */
export const filePath = matching('filePath', 'the path of a file', /^\P{C}+$/u);

export const trueOrFalse: TextRule<boolean> = {
  name: 'trueOrFalse',
  allowed: 'true or false',
  schema: { type: 'boolean' },
  accepts: (value) => typeof value === 'boolean',
  read: (word) => (word === 'true' || word === 'false' ? word === 'true' : new Violation()),
};

export const jsonObject: Rule = {
  name: 'jsonObject',
  allowed: 'a JSON object',
  schema: { type: 'object', additionalProperties: true },
  accepts: isJsonObject,
};

/** Any JSON value but `null`, which counts as absent. It is passed through unchanged. */
export const anyJson: Rule = {
  name: 'anyJson',
  allowed: 'a JSON value',
  passesThrough: true,
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

export const texts: Rule = {
  name: 'texts',
  allowed: 'an array of strings',
  schema: { type: 'string', isArray: true },
  accepts: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
};

/** An array of a DTO's objects, in an answer of the gateway. */
export function listOf(type: () => new () => object): Rule {
  return {
    name: 'listOf',
    allowed: 'an array of objects',
    schema: { type, isArray: true },
    accepts: (value) => Array.isArray(value) && value.every(isJsonObject),
  };
}
