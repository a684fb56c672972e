import type { SchemaKeywords } from '../../rules/field.js';
import type { FieldError } from '../../rules/field-error.js';
import { Problem } from '../../problems/problem.js';
import type { QueryParameter } from '../../http/openapi/operation-description.js';
import { maskCardNumbers } from '../../sensitive/card-number.js';

/** How one query parameter is read, told and documented. */
export interface QueryRule<Value> {
  readonly description: string;
  /** What it must be, continued from its name. */
  readonly detail: string;
  readonly schema: SchemaKeywords;
  readonly example?: unknown;
  /** Undefined where the text breaks the rule. */
  read(text: string): Value | undefined;
}

export type QueryRules = Readonly<Record<string, QueryRule<unknown>>>;

export type QueryOf<Rules extends QueryRules> = {
  readonly [Name in keyof Rules]?: Rules[Name] extends QueryRule<infer Value> ? Value : never;
};

/**
 * Reads the query of `target` (a path with its query). Each parameter may come once; one that is not in `rules` is refused,
 * for an operator's typo must not widen a list.
 * @throws Problem `validation-failed`, naming every parameter that is wrong
 */
export function readQuery<Rules extends QueryRules>(target: string, rules: Rules): QueryOf<Rules> {
  const start = target.indexOf('?');
  const given = new URLSearchParams(start < 0 ? '' : target.slice(start + 1));
  const values: Record<string, unknown> = {};
  const errors: FieldError[] = [];
  for (const name of new Set(given.keys())) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    const [text, ...more] = given.getAll(name);
    const value = rule?.read(text!);
    if (!rule) errors.push({ pointer: `/query/${shown(name)}`, detail: `is none of ${namesOf(rules)}` });
    else if (more.length > 0) errors.push({ pointer: `/query/${name}`, detail: 'must be given once' });
    else if (value === undefined) errors.push({ pointer: `/query/${name}`, detail: rule.detail });
    else values[name] = value;
  }
  if (errors.length > 0) throw queryProblem(errors);
  return values as QueryOf<Rules>;
}

export function queryProblem(errors: readonly FieldError[]): Problem {
  const [{ pointer, detail }] = errors as [FieldError];
  return new Problem('validation-failed', `${pointer.slice(1).replaceAll('/', ' ')}: ${detail}.`, { errors });
}

/** For `/documentation`. */
export function documentedQuery(rules: QueryRules): QueryParameter[] {
  return Object.entries(rules).map(([name, { description, schema, example }]) => ({
    name,
    description,
    schema,
    ...(example !== undefined && { example }),
  }));
}

function namesOf(rules: QueryRules): string {
  return Object.keys(rules).join(', ') || 'the parameters that this path takes: it takes none';
}

const SHOWN_NAME_LENGTH = 64;

/** Somebody's typing, and perhaps a pasted value: cut, escaped by RFC 6901, and never with digits that a card number may hide in. */
function shown(name: string): string {
  // Masked before it is cut or rewritten, which would break a number into what is none.
  return maskCardNumbers(name.slice(0, 2 * SHOWN_NAME_LENGTH).replaceAll(/\d{6,}/g, '***'))
    .slice(0, SHOWN_NAME_LENGTH)
    .replaceAll(/[^\x21-\x7e]/g, '?')
    .replaceAll('~', '~0')
    .replaceAll('/', '~1');
}
