import { EXTERNAL_NAME, EXTERNAL_NAME_ALLOWED } from '../../config/external-name.js';
import { isIssuedIdentifier, MAX_AMOUNT, MAX_IDENTIFIER_LENGTH } from '../../rules/rules.js';
import { CURRENCY_CODES, minorUnitDigits } from '../../rules/currency.js';
import type { QueryRule } from './query-rule.js';

/** The parameters that the lists have in common. */

export const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;
const RFC3339 = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

const limit: QueryRule<number> = {
  description: `How many items at most. Default ${DEFAULT_LIMIT}.`,
  detail: `must be an integer from 1 to ${MAX_LIMIT}`,
  schema: { type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT },
  read: (text) => integerIn(text, 1, MAX_LIMIT),
};

const cursor: QueryRule<string> = {
  description: 'Where to go on: the `nextCursor` of the page before, with the same filters.',
  detail: 'must be the nextCursor of a page of this list with the same filters',
  schema: { type: 'string' },
  read: (text) => (/^[A-Za-z0-9_-]{1,128}$/.test(text) ? text : undefined),
};

export const PAGING = { limit, cursor };

function instant(description: string, example: string): QueryRule<number> {
  return {
    description,
    detail:
      'must be a date and time with its zone (RFC 3339), such as 2026-01-31T12:00:00Z; a + is written %2B',
    schema: { type: 'string', format: 'date-time' },
    example,
    read: (text) => {
      const [, day] = RFC3339.exec(text) ?? [];
      const ms = day !== undefined && isDay(day) ? Date.parse(text) : Number.NaN;
      return ms >= 0 ? ms : undefined;
    },
  };
}

/** Date.parse takes the 30th of February for a day in March. */
function isDay(day: string): boolean {
  const ms = Date.parse(day);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}

/** Milliseconds since the epoch. */
export const TIME_RANGE = {
  from: instant('Made then or later.', '2026-01-31T00:00:00Z'),
  to: instant('Made before.', '2026-02-01T00:00:00Z'),
};

export const external: QueryRule<string> = {
  description: 'Of this external only, also where it is not configured any more.',
  detail: `must be ${EXTERNAL_NAME_ALLOWED}`,
  schema: { type: 'string', pattern: EXTERNAL_NAME.source },
  example: 'acme',
  read: (text) => (EXTERNAL_NAME.test(text) ? text : undefined),
};

export function identifier(description: string, example: string): QueryRule<string> {
  return {
    description,
    detail: `must be a string of 1 to ${MAX_IDENTIFIER_LENGTH} printable characters`,
    schema: { type: 'string', minLength: 1, maxLength: MAX_IDENTIFIER_LENGTH },
    example,
    read: (text) => (isIssuedIdentifier(text) ? text : undefined),
  };
}

/** One of the gateway's own ids. */
export function ownId(prefix: string, description: string): QueryRule<string> {
  const pattern = new RegExp(`^${prefix}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`);
  return {
    description,
    detail: `must be an id of the gateway’s own, ${prefix}_…`,
    schema: { type: 'string', pattern: pattern.source },
    example: `${prefix}_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10`,
    read: (text) => (pattern.test(text) ? text : undefined),
  };
}

export function oneOf<Value extends string>(values: readonly Value[], description: string): QueryRule<Value> {
  return {
    description,
    detail: `must be one of ${values.join(', ')}`,
    schema: { type: 'string', enum: values },
    read: (text) => values.find((value) => value === text),
  };
}

export function amount(description: string): QueryRule<number> {
  return {
    description,
    detail: `must be an integer from 0 to ${MAX_AMOUNT}, in minor units`,
    schema: { type: 'integer', format: 'int64', minimum: 0, maximum: MAX_AMOUNT },
    read: (text) => integerIn(text, 0, MAX_AMOUNT),
  };
}

export const currency: QueryRule<string> = {
  description: 'In this currency.',
  detail: 'must be an ISO 4217 alphabetic code in upper case',
  schema: { type: 'string', enum: CURRENCY_CODES },
  example: 'EUR',
  read: (text) => (minorUnitDigits(text) === undefined ? undefined : text),
};

function integerIn(text: string, minimum: number, maximum: number): number | undefined {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  return value >= minimum && value <= maximum ? value : undefined;
}
