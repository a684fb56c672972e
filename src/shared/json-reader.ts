import { isUtf8 } from 'node:buffer';
import { isDeeperThan } from './json.js';

/** What a JSON text may be beyond valid. Each reader states its own: request bodies, externals' answers, files. */
export interface JsonBounds {
  /** A byte order mark (RFC 8259 §8.1 lets a reader ignore it). `refuse` makes it a syntax error. */
  readonly byteOrderMark: 'ignore' | 'refuse';
  /** A name that an object has twice. `keep-last` is what `JSON.parse` does. */
  readonly duplicateNames: 'refuse' | 'keep-last';
  /**
   * A whole number that a double cannot hold, and a number beyond a double's range: `round` turns the first into
   * another number and the second into `null` or 0 when the value is written again, unnoticed.
   */
  readonly lossyNumbers: 'refuse' | 'round';
  /** Bytes of a buffer, UTF-16 units of a text. Default: no limit. */
  readonly maxLength?: number;
  /** Levels of arrays and objects below the outermost one. Default: no limit. */
  readonly maxDepth?: number;
}

export type JsonViolation =
  | { readonly kind: 'too-long'; readonly length: number }
  | { readonly kind: 'not-utf8' }
  /** Line and column count from 1, columns in UTF-16 units. No piece of the text: it may be a secret. */
  | { readonly kind: 'syntax'; readonly line: number; readonly column: number; readonly expected: string }
  | { readonly kind: 'too-deep' }
  /** JSON pointers (RFC 6901). */
  | { readonly kind: 'duplicate-name' | 'lossy-number'; readonly pointer: string };

export interface JsonReading {
  /** Undefined where the source is no JSON, or too long. */
  readonly value: unknown;
  /** In the order of the text. Empty where the source is JSON within its bounds. */
  readonly violations: readonly JsonViolation[];
}

const BYTE_ORDER_MARK = '\ufeff';
/** Where a number may lose something: 16 digits, or an exponent. Most texts have neither. */
const PERHAPS_LOSSY = /[\d.]{16}|\d[eE]/;

/** Parses JSON within bounds. `JSON.parse` is the parser; the text is scanned only where a bound needs it. */
export function readJson(source: Buffer | string, bounds: JsonBounds): JsonReading {
  const { maxLength = Infinity, maxDepth } = bounds;
  const text = textOf(source, bounds);
  if (text === undefined) return failed({ kind: 'not-utf8' });
  const length = typeof source === 'string' ? text.length : source.length;
  if (length > maxLength) return failed({ kind: 'too-long', length });
  const value = parse(text);
  if (value === NOT_JSON) return failed(syntaxErrorOf(text));
  if (maxDepth !== undefined && isDeeperThan(maxDepth, value)) {
    return { value, violations: [{ kind: 'too-deep' }] };
  }
  const refuses = {
    duplicates: bounds.duplicateNames === 'refuse',
    lossyNumbers: bounds.lossyNumbers === 'refuse' && mayHoldLossyNumber(text),
  };
  if (!refuses.duplicates && !refuses.lossyNumbers) return { value, violations: [] };
  const scanner = new JsonScanner(text, refuses);
  scanner.scan();
  return { value, violations: scanner.violations };
}

const NOT_JSON = Symbol('not JSON');

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return NOT_JSON;
  }
}

function syntaxErrorOf(text: string): JsonViolation {
  const error = new JsonScanner(text, { duplicates: false, lossyNumbers: false }).scan();
  if (!error) throw new Error('JSON.parse refuses a text that the scanner accepts');
  return error;
}

function failed(violation: JsonViolation): JsonReading {
  return { value: undefined, violations: [violation] };
}

/** JSON is UTF-8 (RFC 8259 §8.1): other bytes are refused, never replaced. */
function textOf(source: Buffer | string, { byteOrderMark }: JsonBounds): string | undefined {
  if (typeof source !== 'string' && !isUtf8(source)) return undefined;
  const text = source.toString();
  return byteOrderMark === 'ignore' && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

const SPACE = /[ \t\n\r]*/y;
const STRING = new RegExp(
  String.raw`"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"`,
  'y',
);
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const PUNCTUATION = '{}[],:';

const EXPECTED = {
  value: 'a value',
  valueOrEnd: 'a value or "]"',
  name: 'a member name',
  nameOrEnd: 'a member name or "}"',
  colon: '":"',
  commaOrBrace: '"," or "}"',
  commaOrBracket: '"," or "]"',
  end: 'the end of the text',
} as const;

type State = keyof typeof EXPECTED;

/** An object or array that is open where the scanner stands. */
interface Frame {
  readonly pointer: string;
  /** Names seen in an object; undefined in an array. */
  readonly names: Set<string> | undefined;
  /** The name or index of the current member. */
  member: string | number;
}

/**
 * Finds what `JSON.parse` does not report: where a syntax error is, duplicate names, lossy numbers. It accepts what
 * `JSON.parse` accepts. Iterative: no depth overflows the stack.
 */
class JsonScanner {
  readonly violations: JsonViolation[] = [];
  readonly #frames: Frame[] = [];

  constructor(
    private readonly text: string,
    private readonly refuses: { readonly duplicates: boolean; readonly lossyNumbers: boolean },
  ) {}

  /** Scans to the end, or to the first syntax error, which is returned. */
  scan(): JsonViolation | undefined {
    const { text } = this;
    let state: State = 'value';
    let at = endOf(SPACE, text, 0);
    while (at < text.length || state !== 'end') {
      const end = endOfToken(text, at);
      const next: State | undefined = end > at ? this.#follow(state, text[at]!, at, end) : undefined;
      if (!next) return { kind: 'syntax', ...placeOf(text, at), expected: EXPECTED[state] };
      state = next;
      at = endOf(SPACE, text, end);
    }
    return undefined;
  }

  /** The state after the token from `start` to `end`, or undefined where it may not stand. */
  #follow(state: State, first: string, start: number, end: number): State | undefined {
    switch (state) {
      case 'value':
      case 'valueOrEnd':
        if (first === ']' && state === 'valueOrEnd') return this.#close();
        if (first === '{' || first === '[') return this.#open(first);
        if (PUNCTUATION.includes(first)) return undefined;
        if (this.refuses.lossyNumbers && first !== '"') this.#refuseLossyNumber(start, end);
        return this.#afterValue();
      case 'name':
      case 'nameOrEnd':
        if (first === '}' && state === 'nameOrEnd') return this.#close();
        return first === '"' ? this.#enterMember(this.text.slice(start, end)) : undefined;
      case 'colon':
        return first === ':' ? 'value' : undefined;
      case 'commaOrBrace':
        return first === '}' ? this.#close() : first === ',' ? 'name' : undefined;
      case 'commaOrBracket':
        if (first === ']') return this.#close();
        if (first !== ',') return undefined;
        (this.#frames.at(-1)!.member as number) += 1;
        return 'value';
      case 'end':
        return undefined;
      default:
        return state satisfies never;
    }
  }

  #open(bracket: '{' | '['): State {
    const isObject = bracket === '{';
    this.#frames.push({ pointer: this.#pointer(), names: isObject ? new Set() : undefined, member: 0 });
    return isObject ? 'nameOrEnd' : 'valueOrEnd';
  }

  #close(): State {
    this.#frames.pop();
    return this.#afterValue();
  }

  #afterValue(): State {
    const frame = this.#frames.at(-1);
    if (!frame) return 'end';
    return frame.names ? 'commaOrBrace' : 'commaOrBracket';
  }

  #enterMember(string: string): State {
    const frame = this.#frames.at(-1)!;
    const name = string.includes('\\') ? (JSON.parse(string) as string) : string.slice(1, -1);
    frame.member = name;
    if (this.refuses.duplicates) {
      if (frame.names!.has(name)) this.violations.push({ kind: 'duplicate-name', pointer: this.#pointer() });
      frame.names!.add(name);
    }
    return 'colon';
  }

  #refuseLossyNumber(start: number, end: number): void {
    const scalar = this.text.slice(start, end);
    if (/\d/.test(scalar) && losesDigits(scalar)) {
      this.violations.push({ kind: 'lossy-number', pointer: this.#pointer() });
    }
  }

  #pointer(): string {
    const frame = this.#frames.at(-1);
    if (!frame) return '';
    const { pointer, member } = frame;
    return `${pointer}/${typeof member === 'string' ? escapePointer(member) : member}`;
  }
}

/** Where the token at `at` ends; `at` where there is none. */
function endOfToken(text: string, at: number): number {
  const first = text[at];
  if (first === undefined) return at;
  if (PUNCTUATION.includes(first)) return at + 1;
  return endOf(first === '"' ? STRING : SCALAR, text, at);
}

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** A member name as a part of a JSON pointer (RFC 6901 §3), control characters escaped: a problem is one line. */
export function escapePointer(name: string): string {
  if (/^[\w.-]*$/.test(name)) return name;
  const escaped = name.replaceAll('~', '~0').replaceAll('/', '~1');
  return escaped.replaceAll(/\p{C}|\p{Zl}|\p{Zp}/gu, (character) => JSON.stringify(character).slice(1, -1));
}

function placeOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

/**
 * Whether something between the strings of this JSON text is worth a scan. Cheaper than the scan, and mostly false.
 */
function mayHoldLossyNumber(text: string): boolean {
  if (!PERHAPS_LOSSY.test(text)) return false;
  let at = 0;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (PERHAPS_LOSSY.test(text.slice(at, quote === -1 ? text.length : quote))) return true;
    if (quote === -1) return false;
    at = endOf(STRING, text, quote);
  }
}

/**
 * A fraction is rounded as it is everywhere; what is read as a whole number, 0 included, must be the one that was
 * written.
 */
function losesDigits(source: string): boolean {
  const value = Number(source);
  if (!Number.isFinite(value)) return true;
  return Number.isInteger(value) && decimalOf(source) !== decimalOf(JSON.stringify(value));
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** The same text for all ways to write a number: `1200`, `1.2e3` and `1200.0` are `12e2`. */
function decimalOf(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(number) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  if (end === 0) return '0';
  return `${sign}${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}
