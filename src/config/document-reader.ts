import { oneOf, type TextRule, Violation } from '../rules/rule.js';
import { trueOrFalse } from '../rules/rules.js';
import { escapePointer } from '../shared/json-reader.js';
import { isJsonObject } from '../shared/json.js';
import { describeViolation, displayText } from './display.js';
import type { ExternalsFileProblem } from './externals-file-error.js';
import { hasPlaceholder, maskLiterals, resolvePlaceholders, type PlaceholderSources } from './placeholder.js';

/** The place of a value in a configuration file, and what reading it needs. */
export interface Place {
  readonly pointer: string;
  readonly problems: ExternalsFileProblem[];
  readonly sources: PlaceholderSources;
  /** False in an external that is not enabled: its secrets may be absent, so strings with placeholders are not read. */
  readonly resolves: boolean;
}

/** Reads one value, or adds to `place.problems` and returns undefined. */
export type Reader<T> = (value: unknown, place: Place) => T | undefined;

/** A member of an object. It is required where `default` is undefined. */
export interface Member<T> {
  readonly key: string;
  readonly reader: Reader<T>;
  readonly default?: { readonly value: T };
}

export type Members<T> = { readonly [Name in keyof T]-?: Member<T[Name]> };

export function required<T>(key: string, reader: Reader<T>): Member<T> {
  return { key, reader };
}

export function optional<T>(key: string, reader: Reader<T>, value: T): Member<T> {
  return { key, reader, default: { value } };
}

export function refuse(place: Place, detail: string): undefined {
  place.problems.push({ pointer: place.pointer, detail });
}

export function child(place: Place, key: string | number): Place {
  return { ...place, pointer: `${place.pointer}/${escapePointer(String(key))}` };
}

/** An object without the members that were refused. */
export type Draft<T> = { readonly [Name in keyof T]: T[Name] | undefined };

/** An object of these members and `otherKeys`; every other key is refused, `__proto__` too (SPEC §6). */
export function draft<T extends object>(
  members: Members<T>,
  otherKeys: readonly string[] = [],
): Reader<Draft<T>> {
  const list = Object.entries<Member<unknown>>(members);
  const known = [...otherKeys, ...list.map(([, { key }]) => key)];
  return (value, place) => {
    if (!isJsonObject(value)) return refuse(place, `must be an object; got ${display(value)}`);
    for (const key of Object.keys(value)) {
      if (!known.includes(key))
        refuse(child(place, key), `must not be here; known keys: ${known.join(', ')}`);
    }
    const read = list.map(([name, member]) => [name, readMember(value, member, place)]);
    return Object.fromEntries(read) as Draft<T>;
  };
}

/** The same, or undefined where a member was refused. */
export function object<T extends object>(members: Members<T>, otherKeys: readonly string[] = []): Reader<T> {
  const read = draft(members, otherKeys);
  return (value, place) => {
    const before = place.problems.length;
    const result = read(value, place);
    return place.problems.length === before ? (result as T) : undefined;
  };
}

function readMember(holder: Record<string, unknown>, member: Member<unknown>, place: Place): unknown {
  if (!Object.hasOwn(holder, member.key) && member.default) return member.default.value;
  return member.reader(
    Object.hasOwn(holder, member.key) ? holder[member.key] : undefined,
    child(place, member.key),
  );
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

export function array<T>(allowed: string, item: Reader<T>): Reader<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value) || value.length === 0) {
      return refuse(
        place,
        `must be ${allowed}; got ${Array.isArray(value) ? 'an empty array' : display(value)}`,
      );
    }
    return value.map((each: unknown, index) => item(each, child(place, index)) as T);
  };
}

/** A value under `rule`; in a string, placeholders are resolved first. Only the text of the file is ever shown. */
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

const readSwitch = value(trueOrFalse);

/** An object of booleans under some of `keys`. */
export function switches<Key extends string>(
  keys: readonly Key[],
): Reader<Readonly<Partial<Record<Key, boolean>>>> {
  return (value, place) => {
    if (!isJsonObject(value)) return refuse(place, `must be an object; got ${display(value)}`);
    const read: Partial<Record<Key, boolean>> = {};
    for (const [key, on] of Object.entries(value)) {
      const known = keys.find((name) => name === key);
      if (known === undefined) refuse(child(place, key), `must not be here; known keys: ${keys.join(', ')}`);
      else read[known] = readSwitch(on, child(place, key));
    }
    return read;
  };
}

/** A refused value as it may be shown: its kind instead of its content, and of a secret only its placeholders. */
function display(value: unknown, secret = false): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  if (isJsonObject(value)) return 'an object';
  if (typeof value === 'string') return secret ? maskLiterals(value) || '""' : displayText(value);
  return secret && value !== null ? `a ${typeof value}` : JSON.stringify(value);
}
