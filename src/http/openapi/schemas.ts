import { fieldsOf, schemaKeywords } from '../../rules/field.js';
import type { SchemaKeywords } from '../../rules/rule.js';
import { isJsonObject } from '../../shared/json.js';
import type { Dto } from './operation-description.js';
import { withVariants } from './variants.js';

/** A DTO class and whether it accepts unknown fields. */
export interface SchemaSource {
  readonly type: Dto;
  /** `additionalProperties` of a request and of its nested DTOs; undefined for an answer. */
  readonly open: boolean | undefined;
  /** Fields that are always there, because the gateway fills them in. */
  readonly filledIn?: readonly string[];
}

export function schemaReference(type: Dto): SchemaKeywords {
  return { $ref: `#/components/schemas/${type.name}` };
}

/**
 * Adds to the schemas of DTOs what decorators of fields cannot express: rules about the whole object, a variant for
 * each result of an answer, and `additionalProperties`.
 */
export function completeSchemas(
  scanned: Readonly<Record<string, SchemaKeywords>>,
  sources: readonly SchemaSource[],
): Record<string, SchemaKeywords> {
  const all = sources.flatMap(withNested);
  return Object.assign(
    {},
    ...Object.entries(scanned).map(([name, schema]) => {
      const source = all.find(({ type }) => type.name === name);
      if (!source) return { [name]: schema };
      const described = source.open === undefined ? withFilledIn(schema, source) : withNulls(schema);
      return withVariants(source.type, { ...described, ...wholeOf(source) });
    }),
  ) as Record<string, SchemaKeywords>;
}

function withFilledIn(schema: SchemaKeywords, { filledIn = [] }: SchemaSource): SchemaKeywords {
  const { required = [] } = schema as { readonly required?: readonly string[] };
  return filledIn.length === 0 ? schema : { ...schema, required: [...required, ...filledIn] };
}

/** The schema of a request: `null` in an optional field counts as left out (SPEC §1). */
function withNulls(schema: SchemaKeywords): SchemaKeywords {
  const { properties, required = [] } = schema as {
    readonly properties?: Readonly<Record<string, SchemaKeywords>>;
    readonly required?: readonly string[];
  };
  if (!properties) return schema;
  const nullable = Object.entries(properties).map(([name, property]) => [
    name,
    required.includes(name) ? property : orNull(property),
  ]);
  return { ...schema, properties: Object.fromEntries(nullable) as object };
}

interface Typed {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  /** A reference beside annotations. */
  readonly allOf?: readonly [SchemaKeywords];
  readonly anyOf?: readonly SchemaKeywords[];
}

function orNull(property: SchemaKeywords): SchemaKeywords {
  const { description, examples, ...schema } = property;
  const annotations = {
    ...(description !== undefined && { description }),
    ...(examples !== undefined && { examples }),
  };
  const { type, enum: values, allOf: [reference] = [schema], anyOf = [] } = schema as Typed;
  if (anyOf.some((alternative) => (alternative as Typed).type === 'null')) return property;
  return type === undefined
    ? { anyOf: [reference, { type: 'null' }], ...annotations }
    : { ...schema, type: [type, 'null'], ...(values && { enum: [...values, null] }), ...annotations };
}

function withNested(source: SchemaSource): SchemaSource[] {
  const { type, open } = source;
  const nested = fieldsOf(type).flatMap((field) => field.nested?.() ?? []);
  return [source, ...nested.flatMap((each) => withNested({ type: each, open }))];
}

function wholeOf({ type, open }: SchemaSource): SchemaKeywords {
  const whole: Record<string, unknown> = open === undefined ? {} : { additionalProperties: open };
  for (const [keyword, value] of schemaKeywords(type).flatMap((keywords) => Object.entries(keywords))) {
    const present = whole[keyword];
    whole[keyword] = isJsonObject(value) && isJsonObject(present) ? { ...present, ...value } : value;
  }
  return whole;
}
