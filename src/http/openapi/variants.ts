import { type Condition, fieldsOf, wholeRules } from '../../rules/field.js';
import type { SchemaKeywords } from '../../rules/rule.js';
import type { Dto } from './operation-description.js';

interface ObjectSchema {
  readonly properties: Readonly<Record<string, SchemaKeywords>>;
  readonly required?: readonly string[];
}

/**
 * The schemas of a DTO whose fields depend on the value of one field, by name: `oneOf` a schema for each value. A
 * generated client knows then that a `PayAnswer` with the `result` `OK` has a `paymentId`. Other DTOs have one schema.
 */
export function withVariants(type: Dto, schema: SchemaKeywords): Record<string, SchemaKeywords> {
  const { name } = type;
  const [discriminator, ...others] = new Set(conditionsOf(type).map(({ field }) => field));
  if (discriminator === undefined) return { [name]: schema };
  if (others.length > 0) throw new Error(`${name} depends on several fields: ${others.join(', ')}`);
  const { enum: values } = (schema as unknown as ObjectSchema).properties[discriminator] as {
    enum: readonly string[];
  };
  const variants = values.map((is) => {
    const condition = { field: discriminator, is };
    return { is, name: name + pascalCase(is), schema: variantOf(type, condition, schema) };
  });
  const references = variants.map((variant) => ({
    ...variant,
    $ref: `#/components/schemas/${variant.name}`,
  }));
  return {
    [name]: {
      oneOf: references.map(({ $ref }) => ({ $ref })),
      discriminator: {
        propertyName: discriminator,
        mapping: Object.fromEntries(references.map(({ is, $ref }) => [is, $ref])),
      },
    },
    ...Object.fromEntries(variants.map((variant) => [variant.name, variant.schema])),
  };
}

function conditionsOf(type: Dto): Condition[] {
  return [
    ...fieldsOf(type).flatMap(({ options: { optional } }) =>
      typeof optional === 'object' && optional.onlyIf ? [optional.onlyIf] : [],
    ),
    ...wholeRules(type).flatMap(({ required }) => (required ? [required.onlyIf] : [])),
  ];
}

/** The schema of the objects that meet the condition. */
function variantOf(type: Dto, { field, is }: Condition, schema: SchemaKeywords): SchemaKeywords {
  const { properties, required = [] } = schema as unknown as ObjectSchema;
  const needed = fieldsOf(type)
    .filter(({ options: { optional } }) => typeof optional === 'object' && optional.onlyIf?.is !== is)
    .map(({ name }) => name);
  const value = { ...properties[field], enum: [is], examples: [is] };
  const variant = { ...schema, properties: { ...properties, [field]: value } };
  const all = [...required, ...needed];
  const alternatives = wholeRules(type).flatMap((rule) =>
    rule.required?.onlyIf.is === is ? rule.required.oneOf : [],
  );
  const whole = { ...variant, required: all };
  if (alternatives.length === 0) return whole;
  // The alternatives alone, from the first to the last: TypeScript narrows such a type by `'redirectToUrl' in answer`.
  const anyOf = alternatives.map((name, index) => ({
    type: 'object',
    required: [name],
    properties: pick(variant.properties, (each) => alternatives.indexOf(each) >= index),
  }));
  const rest = pick(variant.properties, (each) => !alternatives.includes(each));
  return { allOf: [{ ...whole, properties: rest }, { anyOf }] };
}

function pick<T>(properties: Readonly<Record<string, T>>, isWanted: (name: string) => boolean): object {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => isWanted(name)));
}

/** `REDIRECT_TO_URL` is `RedirectToUrl`. */
function pascalCase(value: string): string {
  return value
    .toLowerCase()
    .split('_')
    .map((word) => word[0]!.toUpperCase() + word.slice(1))
    .join('');
}
