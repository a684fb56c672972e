/** A keyword or more of JSON Schema 2020-12. */
export type SchemaKeywords = Readonly<Record<string, unknown>>;

/**
 * What one value may be, defined once for all inputs and outputs: request bodies, externals' answers, queries,
 * environment variables, configuration files and the records of `/admin`.
 */
export interface Rule {
  /** The key of the class-validator constraint. */
  readonly name: string;
  /** What is allowed, as a noun phrase that continues "must be": `an integer from 1 to 9`. */
  readonly allowed: string;
  readonly schema: SchemaKeywords;
  /** The value is passed on as it is, numbers digit for digit, and never computed with. */
  readonly passesThrough?: boolean;
  /** True for a JSON value that meets the rule. Never throws. */
  accepts(value: unknown): boolean;
}

/** A rule whose value can also be read from text: a query parameter, a variable, a string of a configuration file. */
export interface TextRule<T = unknown> extends Rule {
  /** Whether a refused text is shown as `***`. Default false. */
  readonly secret?: boolean;
  read(text: string): T | Violation;
}

/** The text does not meet the rule; `reason` names the part that does not, without quoting it. */
export class Violation {
  constructor(readonly reason?: string) {}
}

/** The detail of an error that reports a violation of `rule`. */
export function detailOf({ allowed }: Rule): string {
  return `must be ${allowed}`;
}

/** A rule about a string that is used unchanged. */
export interface StringRule extends TextRule<string> {
  accepts(value: unknown): value is string;
}

export function stringRule(
  name: string,
  allowed: string,
  accepts: (text: string) => boolean,
  schema: SchemaKeywords = {},
): StringRule {
  return {
    name,
    allowed,
    schema: { type: 'string', ...schema },
    accepts: (value): value is string => typeof value === 'string' && accepts(value),
    read: (text) => (accepts(text) ? text : new Violation()),
  };
}

/** A string that matches `pattern` as a whole. */
export function matching(name: string, allowed: string, pattern: RegExp): StringRule {
  return stringRule(name, allowed, (text) => pattern.test(text));
}

/** A rule about a string that stands for a value of another type. */
export function readingRule<T>(
  name: string,
  allowed: string,
  read: (text: string) => T | Violation,
  { schema = {}, secret = false }: { readonly schema?: SchemaKeywords; readonly secret?: boolean } = {},
): TextRule<T> {
  return {
    name,
    allowed,
    secret,
    schema: { type: 'string', ...schema },
    accepts: (value) => typeof value === 'string' && !(read(value) instanceof Violation),
    read,
  };
}

/** A string that meets `rule` and is converted, such as to a `Secret`. */
export function mapped<T, U>(
  rule: TextRule<T>,
  map: (value: T) => U,
  secret = rule.secret ?? false,
): TextRule<U> {
  const read = (text: string): U | Violation => {
    const value = rule.read(text);
    return value instanceof Violation ? value : map(value);
  };
  return { ...rule, secret, read };
}

export function oneOf<const T extends string>(
  values: readonly T[],
  letterCase: 'exact' | 'any' = 'exact',
): TextRule<T> {
  const find = (text: string): T | undefined => {
    const wanted = letterCase === 'any' ? text.toLowerCase() : text;
    return values.find((value) => value === wanted);
  };
  return readingRule(
    'oneOf',
    `one of ${values.join(', ')}${letterCase === 'any' ? ', in any case' : ''}`,
    (text) => find(text) ?? new Violation(),
    { schema: { enum: [...values] } },
  );
}

/** Comma-separated items without duplicates; white space around them is ignored. */
export function commaSeparated<T extends string>(item: TextRule<T>): TextRule<readonly T[]> {
  return readingRule(
    'commaSeparated',
    `a comma-separated list without duplicates, each ${item.allowed}`,
    (text) => {
      const items = text.split(',').map((part) => item.read(part.trim()));
      for (const [index, value] of items.entries()) {
        if (value instanceof Violation) return new Violation(`item ${index + 1}`);
        if (items.indexOf(value) !== index) return new Violation(`item ${index + 1} is a duplicate`);
      }
      return items as T[];
    },
  );
}
