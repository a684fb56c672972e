import { maskCardNumbers } from '../sensitive/card-number.js';
import { isJsonObject, isRawJson } from '../shared/json.js';
import { type DtoClass, type FieldDeclaration, fieldsOf, type WholeRule, wholeRules } from './field.js';
import type { FieldError } from './field-error.js';
import { detailOf, Violation } from './rule.js';

export type ContractResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: readonly FieldError[] };

export interface ReadOptions {
  /**
   * `refuse`: an unknown field is an error, for requests (a typo must not move money). `drop`: unknown fields count as
   * absent, for the answers of externals; so do known ones that are `null` or empty.
   */
  readonly unknownFields: 'refuse' | 'drop';
}

interface Shape {
  readonly fields: readonly FieldDeclaration[];
  readonly byName: ReadonlyMap<string, FieldDeclaration>;
  readonly rules: readonly WholeRule[];
}

const shapes = new WeakMap<DtoClass, Shape>();

function shapeOf(type: DtoClass): Shape {
  let shape = shapes.get(type);
  if (!shape) {
    const fields = fieldsOf(type);
    const byName = new Map(fields.map((field) => [field.name, field]));
    shapes.set(type, (shape = { fields, byName, rules: wholeRules(type) }));
  }
  return shape;
}

/**
 * Reads a parsed JSON value as an instance of the DTO class `type`. Only declared fields are copied, each unchanged
 * (nothing is converted: `"12"` is not a number). Never throws for any input.
 *
 * The result is that of Nest's `ValidationPipe` with `whitelist`, in a fiftieth of its time: class-validator builds a
 * dozen lists for each field of each object, and class-transformer copies `providerData` level by level.
 */
export function readContract<T extends object>(
  type: DtoClass<T>,
  plain: unknown,
  options: ReadOptions,
): ContractResult<T> {
  const errors: FieldError[] = [];
  const value = readObject(type, plain, '', options, errors);
  return errors.length === 0 && value !== undefined ? { ok: true, value } : { ok: false, errors };
}

function readObject<T extends object>(
  type: DtoClass<T>,
  plain: unknown,
  pointer: string,
  options: ReadOptions,
  errors: FieldError[],
): T | undefined {
  if (!isJsonObject(plain)) {
    errors.push({ pointer, detail: 'must be a JSON object' });
    return undefined;
  }
  const { fields, byName, rules } = shapeOf(type);
  const instance = new type();
  const target = instance as Record<string, unknown>;
  for (const name of Object.keys(plain)) {
    const value = plain[name];
    if (options.unknownFields === 'drop' && (value === null || value === '')) continue;
    const field = byName.get(name);
    // Callers on the JVM write `null` for what they leave out (SPEC §1).
    if (field && value === null && (field.options.optional ?? false) !== false && !field.options.keepsNull)
      continue;
    if (field) target[name] = plainNumber(field, value);
    else if (options.unknownFields === 'refuse' && errors.length < MAX_UNKNOWN_FIELDS) {
      const detail = 'is not a field of this operation';
      errors.push({ pointer: `${pointer}/${shownName(name)}`, detail });
    }
  }
  for (const field of fields) {
    const { name, nested } = field;
    const value = target[name];
    if (nested && isJsonObject(value)) {
      target[name] = readObject(nested(), value, `${pointer}/${name}`, options, errors);
      continue;
    }
    const detail = field.violation(value, instance);
    if (detail !== undefined) errors.push({ pointer: `${pointer}/${name}`, detail });
  }
  for (const rule of rules) {
    if (!rule.accepts(instance)) errors.push({ pointer, detail: rule.detail });
  }
  return instance;
}

/** A raw number as the number that it is, unless the field passes it on digit for digit. */
function plainNumber({ rule }: FieldDeclaration, value: unknown): unknown {
  if (typeof value !== 'object' || rule.passesThrough || !isRawJson(value)) return value;
  return Number(value.rawJSON);
}

/**
 * Reads a query as an instance of `type`, whose fields are declared by `QueryField`. Each parameter may come once,
 * and an unknown one is refused: a typo in a filter must not widen a list.
 */
export function readQuery<T extends object>(type: DtoClass<T>, query: URLSearchParams): ContractResult<T> {
  const { byName } = shapeOf(type);
  const instance = new type();
  const errors: FieldError[] = [];
  const refuse = (name: string, detail: string): number => errors.push({ pointer: `/query/${name}`, detail });
  for (const name of new Set(query.keys())) {
    const field = byName.get(name);
    const [text, ...more] = query.getAll(name);
    if (!field?.read) errors.push(unknownParameter(name, [...byName.keys()]));
    else if (more.length > 0) refuse(name, 'must be given once');
    else {
      const value = field.read(text!);
      if (value instanceof Violation) refuse(name, detailOf(field.rule));
      else (instance as Record<string, unknown>)[name] = value;
    }
  }
  return errors.length === 0 ? { ok: true, value: instance } : { ok: false, errors };
}

/** The error of a query parameter that the operation does not know. */
export function unknownParameter(name: string, known: readonly string[]): FieldError {
  return {
    // A query is ASCII: what it encodes may be unprintable.
    pointer: `/query/${shownName(name).replaceAll(/[^\x21-\x7e]/g, '?')}`,
    detail: `is not a parameter of this operation, which takes ${known.join(', ') || 'none'}`,
  };
}

/** More than the typos of a person, and fewer than the names of an attack. */
const MAX_UNKNOWN_FIELDS = 100;
const SHOWN_NAME_LENGTH = 64;

/** A name in an error: cut, escaped by RFC 6901, and without digits that may be part of a card number. */
function shownName(name: string): string {
  // Masked before it is cut: a cut number would not be recognised.
  return maskCardNumbers(name.slice(0, 2 * SHOWN_NAME_LENGTH).replaceAll(/\d{6,}/g, '***'))
    .slice(0, SHOWN_NAME_LENGTH)
    .replaceAll('~', '~0')
    .replaceAll('/', '~1');
}
