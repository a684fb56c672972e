import { applyDecorators } from '@nestjs/common';
import type { ApiPropertyOptions } from '@nestjs/swagger';
import { ValidateBy, ValidateIf } from 'class-validator';
import { isJsonObject } from '../shared/json.js';
import { whenDocumented } from './deferred-decorators.js';

/** One rule of the contract (SPEC §1): how a value is judged, what a breach is told, how OpenAPI says it. */
export interface FieldRule {
  /** The key of the class-validator constraint. */
  readonly name: string;
  /** What the value must be, continued from the field's name: `must be an integer from 1 to 9`. */
  readonly detail: string;
  readonly schema: ApiPropertyOptions;
  accepts(value: unknown, holder: object): boolean;
}

/** A keyword or more of JSON Schema 2020-12. */
export type SchemaKeywords = Readonly<Record<string, unknown>>;

/** When a field may be absent, depending on the object that holds it. */
export interface AbsenceRule {
  accepts(holder: object): boolean;
  /**
   * The same as keywords of the holder's schema; `field` is the field's name. Left out where that takes `if`, which few tools
   * understand: then the field's description says it.
   */
  schema?(field: string): SchemaKeywords;
}

export interface FieldOptions {
  readonly optional?: boolean | AbsenceRule;
  readonly description?: string;
  readonly example?: unknown;
}

/** Declares a DTO's field under `rule`. An optional one may be absent; `null` is a value and judged like any other. */
export function Field(
  rule: FieldRule,
  { optional = false, description, example }: FieldOptions = {},
): PropertyDecorator {
  const absence = typeof optional === 'object' ? optional : undefined;
  const mayBeAbsent = (holder: object): boolean => absence?.accepts(holder) ?? true;
  return applyDecorators(
    ...(optional
      ? [ValidateIf((holder: object, value: unknown) => value !== undefined || !mayBeAbsent(holder))]
      : []),
    ValidateBy({
      name: rule.name,
      validator: {
        validate: (value: unknown, context) => rule.accepts(value, context!.object),
        defaultMessage: () => rule.detail,
      },
    }),
    (target: object, property: string | symbol) => {
      addKeywords(target.constructor, absence?.schema?.(String(property)));
      whenDocumented(({ ApiProperty }) =>
        ApiProperty({
          ...rule.schema,
          ...lazyType(rule.schema),
          required: optional === false,
          ...(description !== undefined && { description }),
          ...(example !== undefined && { example }),
        } as ApiPropertyOptions)(target, property),
      );
    },
  );
}

/** Swagger tells the function that gives a DTO class from the class itself by its name, `type`. An arrow has no prototype. */
function lazyType({ type }: ApiPropertyOptions): { type?: () => unknown } {
  if (typeof type !== 'function' || 'prototype' in type) return {};
  return { type: () => (type as () => unknown)() };
}

const nestedByClass = new WeakMap<object, Map<string, () => new () => object>>();

/** Declares a field that holds another DTO; the reader descends into it. */
export function NestedField(type: () => new () => object, options: FieldOptions = {}): PropertyDecorator {
  const declare = Field(
    {
      name: 'isObject',
      detail: 'must be a JSON object',
      schema: { type },
      accepts: isJsonObject,
    },
    options,
  );
  return (target, property) => {
    const fields = nestedByClass.get(target.constructor) ?? new Map<string, () => new () => object>();
    nestedByClass.set(target.constructor, fields.set(String(property), type));
    declare(target, property);
  };
}

/** The nested fields of a DTO class and of those that it extends. */
export function nestedFields(type: new () => object): ReadonlyMap<string, () => new () => object> {
  const parent: unknown = Object.getPrototypeOf(type);
  const inherited = typeof parent === 'function' ? nestedFields(parent as new () => object) : [];
  return new Map([...inherited, ...(nestedByClass.get(type) ?? [])]);
}

/** A rule about a DTO as a whole, for what no single field can tell. */
export interface WholeRule<T extends object> {
  readonly detail: string;
  /** The same as keywords of the DTO's schema, left out like that of an {@link AbsenceRule}. */
  readonly schema?: SchemaKeywords;
  accepts(value: T): boolean;
}

const wholeRulesByClass = new WeakMap<object, WholeRule<object>[]>();

/** Declares a rule about the DTO as a whole; its breach points at the object itself. */
export function Whole<T extends object>(rule: WholeRule<T>): (type: new () => T) => void {
  return (type) => {
    wholeRulesByClass.set(type, [...(wholeRulesByClass.get(type) ?? []), rule]);
    addKeywords(type, rule.schema);
  };
}

/** The whole rules of a DTO class and of those that it extends. */
export function wholeRules(type: new () => object): readonly WholeRule<object>[] {
  const parent: unknown = Object.getPrototypeOf(type);
  const inherited = typeof parent === 'function' ? wholeRules(parent as new () => object) : [];
  return [...inherited, ...(wholeRulesByClass.get(type) ?? [])];
}

const keywordsByClass = new WeakMap<object, SchemaKeywords[]>();

function addKeywords(type: object, keywords: SchemaKeywords | undefined): void {
  if (!keywords) return;
  keywordsByClass.set(type, [...(keywordsByClass.get(type) ?? []), keywords]);
}

/** What the schema of a DTO class says beside its fields, those of the classes that it extends included. */
export function schemaKeywords(type: object): readonly SchemaKeywords[] {
  const parent: unknown = Object.getPrototypeOf(type);
  const inherited = typeof parent === 'function' ? schemaKeywords(parent) : [];
  return [...inherited, ...(keywordsByClass.get(type) ?? [])];
}
