import type { FieldRule } from '../../rules/field.js';

/**
 * Rules for what `/admin` answers. Nobody judges the gateway's own answers by them at run time: they say in OpenAPI what the
 * records hold, and the documentation's tests hold the examples against that.
 */

export const instant: FieldRule = {
  name: 'instant',
  detail: 'must be a date and time in UTC',
  schema: { type: 'string', format: 'date-time' },
  accepts: (value) => typeof value === 'string',
};

export const word: FieldRule = {
  name: 'word',
  detail: 'must be a string',
  schema: { type: 'string' },
  accepts: (value) => typeof value === 'string',
};

export const number: FieldRule = {
  name: 'number',
  detail: 'must be an integer from 0',
  schema: { type: 'integer', format: 'int64', minimum: 0 },
  accepts: (value) => Number.isInteger(value) && (value as number) >= 0,
};

export const flag: FieldRule = {
  name: 'flag',
  detail: 'must be true or false',
  schema: { type: 'boolean' },
  accepts: (value) => typeof value === 'boolean',
};

/** Absent members of the union are not sent as `null`, but for this one. */
export const cursor: FieldRule = {
  name: 'cursor',
  detail: 'must be a string or null',
  schema: { anyOf: [{ type: 'string' }, { type: 'null' }] },
  accepts: (value) => value === null || typeof value === 'string',
};

export function listOf(type: () => new () => object): FieldRule {
  return {
    name: 'list',
    detail: 'must be an array',
    schema: { type, isArray: true },
    accepts: Array.isArray,
  };
}

export const words: FieldRule = {
  name: 'words',
  detail: 'must be an array of strings',
  schema: { type: 'string', isArray: true },
  accepts: Array.isArray,
};

/** Any JSON object. */
export const object: FieldRule = {
  name: 'object',
  detail: 'must be a JSON object',
  schema: { type: 'object', additionalProperties: true },
  accepts: (value) => typeof value === 'object',
};
