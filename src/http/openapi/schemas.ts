import { fieldsOf, schemaKeywords } from '../../rules/field.js';
import type { SchemaKeywords } from '../../rules/rule.js';
import { isJsonObject } from '../../shared/json.js';
import type { Dto } from './operation-description.js';

/** A DTO class and whether it accepts unknown fields. */
export interface SchemaSource {
  readonly type: Dto;
  /** `additionalProperties` of the schema and of nested DTOs; undefined: left out. */
  readonly open: boolean | undefined;
}

export function schemaReference(type: Dto): SchemaKeywords {
  return { $ref: `#/components/schemas/${type.name}` };
}

/**
 * Adds to the schemas of DTOs what decorators of fields cannot express: rules about the whole object, and
 * `additionalProperties`.
 */
export function completeSchemas(
  scanned: Readonly<Record<string, SchemaKeywords>>,
  sources: readonly SchemaSource[],
): Record<string, SchemaKeywords> {
  const all = sources.flatMap(withNested);
  return Object.fromEntries(
    Object.entries(scanned).map(([name, schema]) => {
      const source = all.find(({ type }) => type.name === name);
      return [name, { ...schema, ...(source && wholeOf(source)) }];
    }),
  );
}

function withNested({ type, open }: SchemaSource): SchemaSource[] {
  const nested = fieldsOf(type).flatMap((field) => field.nested?.() ?? []);
  return [{ type, open }, ...nested.flatMap((each) => withNested({ type: each, open }))];
}

function wholeOf({ type, open }: SchemaSource): SchemaKeywords {
  const whole: Record<string, unknown> = open === undefined ? {} : { additionalProperties: open };
  for (const [keyword, value] of schemaKeywords(type).flatMap((keywords) => Object.entries(keywords))) {
    const present = whole[keyword];
    whole[keyword] = isJsonObject(value) && isJsonObject(present) ? { ...present, ...value } : value;
  }
  return whole;
}
