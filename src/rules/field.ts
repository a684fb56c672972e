import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { ValidateBy, ValidateNested } from 'class-validator';
import { isJsonObject } from '../shared/json.js';
import { detailOf, type Rule, type SchemaKeywords, type TextRule, Violation } from './rule.js';

/** That a field of an object has a value, such as that its `result` is `KO`. */
export interface Condition {
  readonly field: string;
  readonly is: string;
}

/** When a field may be absent, depending on the object that holds it. */
export interface AbsenceRule {
  accepts(holder: object): boolean;
  /** The one condition under which it may be absent: the schema has a variant for each value of that field. */
  readonly onlyIf?: Condition;
  /**
   * The same as keywords of the holder's schema; `field` is the field's name. Left out where that takes `if`, which
   * few tools understand: then the field's description says it.
   */
  schema?(field: string): SchemaKeywords;
}

export interface FieldOptions {
  readonly optional?: boolean | AbsenceRule;
  /** An explicit `null` is a value of this optional field. By default it counts as absent. */
  readonly keepsNull?: true;
  readonly description?: string;
  readonly example?: unknown;
}

export type DtoClass<T extends object = object> = new () => T;

/** A declared field of a DTO class. */
export interface FieldDeclaration {
  readonly name: string;
  readonly rule: Rule;
  readonly options: FieldOptions;
  /** Reads the field from text; undefined where it is a JSON value. */
  readonly read: TextRule['read'] | undefined;
  /** The class of the DTO that the field holds. */
  readonly nested: (() => DtoClass) | undefined;
  /** The detail of the error that reports `value` as the field of `holder`, or undefined where it is accepted. */
  violation(value: unknown, holder: object): string | undefined;
}

/** A rule about several fields of a DTO. */
export interface WholeRule<T extends object = object> {
  readonly detail: string;
  /** Under a condition, one of these fields at least must be there: the schema's variant for that value says so. */
  readonly required?: { readonly onlyIf: Condition; readonly oneOf: readonly string[] };
  /** The same as keywords of the DTO's schema, left out like that of an {@link AbsenceRule}. */
  readonly schema?: SchemaKeywords;
  accepts(value: T): boolean;
}

interface Declarations {
  readonly fields: Map<string, FieldDeclaration>;
  readonly rules: WholeRule[];
  readonly keywords: SchemaKeywords[];
}

const declarationsByClass = new WeakMap<object, Declarations>();

/** What the decorators of `type` itself declared, without the classes that it extends. */
function ownDeclarations(type: object): Declarations {
  let own = declarationsByClass.get(type);
  if (!own) declarationsByClass.set(type, (own = { fields: new Map(), rules: [], keywords: [] }));
  return own;
}

/** The declarations of a class, then those of the classes that it extends. */
function declarations(type: object): Declarations[] {
  const parent: unknown = Object.getPrototypeOf(type);
  return [ownDeclarations(type), ...(typeof parent === 'function' ? declarations(parent) : [])];
}

/** A field that may be absent only if another field of the same object has a value. */
export function absentOnlyIf(onlyIf: Condition): AbsenceRule {
  return { onlyIf, accepts: (holder) => isMet(onlyIf, holder) };
}

/** If a field has a value, one of the fields `oneOf` at least must be there. */
export function oneRequiredIf(onlyIf: Condition, oneOf: readonly string[]): WholeRule {
  return {
    detail: `must have ${oneOf.join(' or ')} with ${onlyIf.is}`,
    required: { onlyIf, oneOf },
    accepts: (value) =>
      !isMet(onlyIf, value) || oneOf.some((name) => (value as Record<string, unknown>)[name] !== undefined),
  };
}

function isMet({ field, is }: Condition, holder: object): boolean {
  return (holder as Record<string, unknown>)[field] === is;
}

/** The fields of a DTO class, its own before those that it inherits. */
export function fieldsOf(type: object): readonly FieldDeclaration[] {
  const fields = new Map<string, FieldDeclaration>();
  for (const field of declarations(type).flatMap((each) => [...each.fields.values()])) {
    if (!fields.has(field.name)) fields.set(field.name, field);
  }
  return [...fields.values()];
}

export function wholeRules(type: object): readonly WholeRule[] {
  return declarations(type).flatMap(({ rules }) => rules);
}

/** The schema keywords of a DTO class beside those of its fields. */
export function schemaKeywords(type: object): readonly SchemaKeywords[] {
  return declarations(type)
    .toReversed()
    .flatMap(({ keywords }) => keywords);
}

/** The example of a DTO: the examples of its fields, and the members of `own` instead of theirs. */
export function exampleOf<T extends object>(type: DtoClass<T>, own: Partial<T> = {}): T {
  const examples = fieldsOf(type).map(({ name, nested, options }) => [
    name,
    nested ? exampleOf(nested()) : options.example,
  ]);
  const members = Object.entries({ ...Object.fromEntries(examples), ...own } as object);
  return Object.fromEntries(members.filter(([, value]) => value !== undefined)) as T;
}

/** Declares a field that is a JSON value. An optional one may be absent; `null` counts as absent there (SPEC §1). */
export function Field(rule: Rule, options: FieldOptions = {}): PropertyDecorator {
  return declare(rule, options, { accepts: (value) => rule.accepts(value) });
}

/** Declares a field that is read from the text of a query parameter. It may be absent. */
export function QueryField(rule: TextRule, options: FieldOptions = {}): PropertyDecorator {
  const isAllowed = (text: string): boolean => !(rule.read(text) instanceof Violation);
  return applyDecorators(
    // A refused text remains a text, which the constraint refuses.
    Transform(({ value }: { value: unknown }) => {
      if (typeof value !== 'string') return value;
      const read = rule.read(value);
      return read instanceof Violation ? value : read;
    }),
    declare(
      rule,
      { optional: true, ...options },
      {
        read: (text) => rule.read(text),
        accepts: (value) => (typeof value === 'string' ? isAllowed(value) : typeof value === 'number'),
      },
    ),
  );
}

/** Declares a field that holds another DTO. */
export function NestedField(type: () => DtoClass, options: FieldOptions = {}): PropertyDecorator {
  const rule: Rule = { name: 'nested', allowed: 'a JSON object', schema: { type }, accepts: isJsonObject };
  return applyDecorators(
    ValidateNested(),
    Type(type),
    declare(rule, options, { nested: type, accepts: isJsonObject }),
  );
}

/** Declares a rule about the DTO as a whole; its violation points at the object itself. */
export function Whole<T extends object>(rule: WholeRule<T>): (type: DtoClass<T>) => void {
  return (type) => {
    const { rules, keywords } = ownDeclarations(type);
    rules.push(rule);
    if (rule.schema) keywords.push(rule.schema);
    // class-validator has no rules about an object, so this one is a constraint of its first field.
    constraint('whole', (_, holder) => (rule.accepts(holder as T) ? undefined : rule.detail))(
      type.prototype as object,
      fieldsOf(type)[0]!.name,
    );
  };
}

function declare(
  rule: Rule,
  options: FieldOptions,
  { accepts, nested, read }: Pick<Rule, 'accepts'> & Partial<Pick<FieldDeclaration, 'nested' | 'read'>>,
): PropertyDecorator {
  const { optional = false, keepsNull = false, description, example } = options;
  const absence = typeof optional === 'object' ? optional : undefined;
  const detail = detailOf(rule);
  const violation = (value: unknown, holder: object): string | undefined => {
    if (value !== undefined && (value !== null || optional === false || keepsNull))
      return accepts(value) ? undefined : detail;
    return (absence?.accepts(holder) ?? optional) ? undefined : 'is missing';
  };
  return applyDecorators(
    ...(optional === false || keepsNull
      ? []
      : [Transform(({ value }: { value: unknown }) => value ?? undefined)]),
    constraint(rule.name, violation),
    ApiProperty({
      ...rule.schema,
      ...lazyType(rule.schema),
      required: optional === false,
      ...(description !== undefined && { description }),
      // OpenAPI 3.1 uses `examples` of JSON Schema; its own `example` is deprecated.
      ...(example !== undefined && { examples: [example] }),
    }),
    (target: object, property: string | symbol) => {
      const { fields, keywords } = ownDeclarations(target.constructor);
      const name = String(property);
      fields.set(name, { name, rule, options, nested, read, violation });
      if (absence?.schema) keywords.push(absence.schema(name));
    },
  );
}

/** The same check as a constraint of class-validator, for Nest's `ValidationPipe`. */
function constraint(name: string, violation: FieldDeclaration['violation']): PropertyDecorator {
  return ValidateBy({
    name,
    validator: {
      validate: (value: unknown, context) => violation(value, context!.object) === undefined,
      defaultMessage: (context) => violation(context!.value, context!.object) ?? '',
    },
  });
}

/** @nestjs/swagger recognises a function that returns a class by its name, `type`, and by its lack of a prototype. */
function lazyType({ type }: SchemaKeywords): { type?: () => unknown } {
  return typeof type === 'function' ? { type: () => (type as () => unknown)() } : {};
}
