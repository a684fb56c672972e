import { validateSync, type ValidationError } from 'class-validator';
import { Constraints, decoratedProperties } from './constraints.js';
import type { FieldError } from './field-error.js';
import { maskCardNumbers } from '../sensitive/card-number.js';
import { isJsonObject } from '../shared/json.js';
import { nestedFields, wholeRules, type WholeRule } from './field.js';

export type ContractResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: readonly FieldError[] };

export interface ReadOptions {
  /**
   * `refuse`: an unknown field is an error, for requests (a typo must not move money). `drop`: unknown fields, and known ones
   * that are `null` or empty, count as left out, for the answers of externals.
   */
  readonly unknownFields: 'refuse' | 'drop';
}

interface Shape {
  /** Each field, with its own DTO class where it holds one. */
  readonly fields: ReadonlyMap<string, (new () => object) | undefined>;
  readonly constraints: Constraints;
  readonly rules: readonly WholeRule<object>[];
}

const shapes = new WeakMap<new () => object, Shape>();

/**
 * Reads a parsed JSON value as an instance of the DTO class `type`. Only decorated fields are copied, each as it came
 * (nothing is converted: `"12"` is no number), and class-validator judges the result. Never throws for any input.
 *
 * class-transformer is not used: it walks every value to any depth, and `providerData` must stay as it was sent.
 */
export function readContract<T extends object>(
  type: new () => T,
  plain: unknown,
  options: ReadOptions,
): ContractResult<T> {
  const errors: FieldError[] = [];
  const value = build(type, plain, '', options, errors);
  return errors.length === 0 && value !== undefined ? { ok: true, value } : { ok: false, errors };
}

function build<T extends object>(
  type: new () => T,
  plain: unknown,
  pointer: string,
  options: ReadOptions,
  errors: FieldError[],
): T | undefined {
  if (!isJsonObject(plain)) {
    errors.push({ pointer, detail: 'must be a JSON object' });
    return undefined;
  }
  const { fields, constraints, rules } = shapeOf(type);
  const instance = new type();
  const target = instance as Record<string, unknown>;
  const unread = new Set<string>();
  for (const name of Object.keys(plain)) {
    if (!fields.has(name)) {
      if (options.unknownFields === 'refuse' && errors.length < MAX_UNKNOWN_TOLD) {
        errors.push(unknownField(pointer, name));
      }
      continue;
    }
    const value = plain[name];
    if (options.unknownFields === 'drop' && (value === null || value === '')) continue;
    const nested = fields.get(name);
    target[name] =
      nested && isJsonObject(value) ? build(nested, value, `${pointer}/${name}`, options, errors) : value;
    if (nested && target[name] === undefined) unread.add(name);
  }
  const breaches = constraints.areMetBy(instance) ? [] : validateSync(instance, VALIDATOR_OPTIONS);
  for (const error of breaches) {
    if (!unread.has(error.property)) errors.push(fieldError(pointer, error));
  }
  for (const rule of rules) {
    if (!rule.accepts(instance)) errors.push({ pointer, detail: rule.detail });
  }
  return instance;
}

const VALIDATOR_OPTIONS = {
  forbidUnknownValues: false,
  stopAtFirstError: true,
  validationError: { target: false, value: false },
} as const;

function shapeOf(type: new () => object): Shape {
  let shape = shapes.get(type);
  if (!shape) {
    const nested = nestedFields(type);
    const fields = new Map(decoratedProperties(type).map((name) => [name, nested.get(name)?.()]));
    shape = { fields, constraints: new Constraints(type), rules: wholeRules(type) };
    shapes.set(type, shape);
  }
  return shape;
}

/** Nobody mistypes more; who sends thousands is not to be answered a megabyte. */
const MAX_UNKNOWN_TOLD = 100;
const SHOWN_NAME_LENGTH = 64;

/** The name is somebody else's text: it is shown cut, escaped by RFC 6901, and never with digits that a card number may hide in. */
function unknownField(pointer: string, name: string): FieldError {
  // Masked before the cut, which might go through a number.
  const shown = maskCardNumbers(name.slice(0, 2 * SHOWN_NAME_LENGTH).replaceAll(/\d{6,}/g, '***'))
    .slice(0, SHOWN_NAME_LENGTH)
    .replaceAll('~', '~0')
    .replaceAll('/', '~1');
  return { pointer: `${pointer}/${shown}`, detail: 'is not a field of this request' };
}

function fieldError(pointer: string, error: ValidationError): FieldError {
  const detail = Object.values(error.constraints ?? {})[0] ?? 'is invalid';
  return { pointer: error.property ? `${pointer}/${error.property}` : pointer, detail };
}
