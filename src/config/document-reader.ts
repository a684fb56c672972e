import type { FieldError } from '../rules/field-error.js';
import { oneOf, type TextRule, Violation } from '../rules/rule.js';
import { type JsonBounds, readJson } from '../shared/json-reader.js';
import { escapePointer } from '../shared/json-scanner.js';
import { isJsonObject } from '../shared/json.js';
import { ConfigError } from './config-error.js';
import { describeViolation, displayText } from './problem-text.js';
import { hasPlaceholder, maskLiterals, resolvePlaceholders, type PlaceholderSources } from './placeholder.js';

const BOUNDS: JsonBounds = {
  byteOrderMark: 'ignore',
  duplicateNames: 'refuse',
  lossyNumbers: 'round',
  maxLength: 1_048_576,
};

/**
 * Reads the text of the JSON file `file`.
 *
 * @throws ConfigError with every problem that `read` found, or with the reason why the text is not JSON
 */
export function readDocument<T>(
  text: string,
  file: string,
  sources: PlaceholderSources,
  read: (document: unknown, place: Place) => T,
): T {
  const place: Place = { pointer: '', problems: [], sources, resolves: true };
  const document = readJsonFile(text, place);
  const result = document === undefined ? undefined : read(document, place);
  if (result !== undefined && place.problems.length === 0) return result;
  throw new ConfigError(place.problems.map(({ pointer, detail }) => `${file}#${pointer}: ${detail}`));
}

/** The JSON value of the text, or undefined where it has none. */
function readJsonFile(text: string, place: Place): unknown {
  const { value, violations } = readJson(text, BOUNDS);
  for (const violation of violations) {
    if (violation.kind === 'duplicate-name') {
      place.problems.push({ pointer: violation.pointer, detail: 'must be given once; got it twice' });
    } else if (violation.kind === 'too-long') {
      refuse(place, `must be at most ${BOUNDS.maxLength} characters long; got ${violation.length}`);
    } else if (violation.kind === 'syntax') {
      const { line, column, expected } = violation;
      refuse(place, `must be JSON; at line ${line}, column ${column}, ${expected} was expected`);
    }
  }
  return value;
}

/** A place in a configuration file, and the dependencies of its readers. */
export interface Place {
  readonly pointer: string;
  readonly problems: FieldError[];
  readonly sources: PlaceholderSources;
  /**
   * False in an external that is not enabled: its secrets may be absent, so that strings with placeholders are not
   * read.
   */
  readonly resolves: boolean;
}

/** Reads one value; where it is not valid, adds to `place.problems` and returns undefined. */
export type Reader<T> = (value: unknown, place: Place) => T | undefined;

/** A member of an object. */
export interface Member<T> {
  /** The key in the file. Default: the member's name. */
  readonly key?: string;
  readonly reader: Reader<T>;
  readonly required: boolean;
  /** The JSON value that an absent optional member has. */
  readonly default?: unknown;
}

export type Members<T> = { readonly [Name in keyof T]-?: Member<T[Name]> };

export function required<T>(reader: Reader<T>, key?: string): Member<T> {
  return { ...(key !== undefined && { key }), reader, required: true };
}

export function optional<T>(reader: Reader<T>): Member<T | undefined>;
export function optional<T>(reader: Reader<T>, json: unknown): Member<T>;
export function optional<T>(reader: Reader<T>, json?: unknown): Member<T | undefined> {
  return { reader, required: false, default: json };
}

export function refuse(place: Place, detail: string): undefined {
  place.problems.push({ pointer: place.pointer, detail });
}

export function child(place: Place, key: string | number): Place {
  return { ...place, pointer: `${place.pointer}/${escapePointer(String(key))}` };
}

/**
 * An object of these members and `otherKeys`; every other key is refused, `__proto__` included (SPEC §6). Members
 * that are not valid are undefined.
 */
export function draft<T extends object>(
  members: Members<T>,
  otherKeys: readonly string[] = [],
): Reader<Partial<T>> {
  const list = Object.entries<Member<unknown>>(members).map(([name, member]) => ({
    name,
    key: name,
    ...member,
  }));
  const known = [...otherKeys, ...list.map(({ key }) => key)];
  return (value, place) => {
    if (!isJsonObject(value)) return refuse(place, `must be an object; got ${display(value)}`);
    for (const key of Object.keys(value)) {
      if (!known.includes(key))
        refuse(child(place, key), `must not be here; known keys: ${known.join(', ')}`);
    }
    const read = list.map(({ name, key, reader, ...member }) => {
      const given = Object.hasOwn(value, key) ? value[key] : member.default;
      const isAbsent = given === undefined && !member.required;
      return [name, isAbsent ? undefined : reader(given, child(place, key))];
    });
    return Object.fromEntries(read) as Partial<T>;
  };
}

/** The same, and undefined where a member is not valid. */
export function object<T extends object>(members: Members<T>, otherKeys: readonly string[] = []): Reader<T> {
  const read = draft(members, otherKeys);
  return (value, place) => {
    const before = place.problems.length;
    const result = read(value, place);
    return place.problems.length === before ? (result as T) : undefined;
  };
}

/** An object whose `type` decides which members it has. */
export function variant<T extends { readonly type: string }>(kinds: {
  readonly [Type in T['type']]: Members<Omit<Extract<T, { type: Type }>, 'type'>>;
}): Reader<T> {
  const readers = new Map(
    Object.entries<Members<object>>(kinds).map(([type, members]) => [type, object(members, ['type'])]),
  );
  return (value, place) => {
    if (!isJsonObject(value)) return refuse(place, `must be an object; got ${display(value)}`);
    const type = Object.hasOwn(value, 'type') ? value['type'] : undefined;
    const reader = typeof type === 'string' ? readers.get(type) : undefined;
    if (reader) {
      const members = reader(value, place);
      return members && ({ type, ...members } as T);
    }
    return refuse(child(place, 'type'), describeViolation(oneOf([...readers.keys()]), display(type)));
  };
}

export function array<T>(allowed: string, item: Reader<T>, minItems = 1): Reader<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value) || value.length < minItems) {
      return refuse(
        place,
        `must be ${allowed}; got ${Array.isArray(value) ? 'an empty array' : display(value)}`,
      );
    }
    return value.map((each: unknown, index) => item(each, child(place, index)) as T);
  };
}

/**
 * A value that meets `rule`; in a string, placeholders are resolved before. Problems quote the text of the file only.
 */
export function value<T>(rule: TextRule<T>): Reader<T> {
  return (given, place) => {
    const refused = (violation?: Violation): undefined =>
      refuse(place, describeViolation(rule, display(given, rule.secret), violation));
    if (rule.schema['type'] !== 'string') return rule.accepts(given) ? (given as T) : refused();
    if (typeof given !== 'string') return refused();
    if (!place.resolves && hasPlaceholder(given)) return undefined;
    const text = resolvePlaceholders(given, place.sources, (detail) => refuse(place, detail));
    if (text === undefined) return undefined;
    const read = rule.read(text);
    return read instanceof Violation ? refused(read) : read;
  };
}

/** A refused value for a problem: the kind of an array or object, and of a secret only its placeholders. */
function display(value: unknown, secret = false): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  if (isJsonObject(value)) return 'an object';
  if (typeof value === 'string') return secret ? maskLiterals(value) || '""' : displayText(value);
  return secret && value !== null ? `a ${typeof value}` : JSON.stringify(value);
}
