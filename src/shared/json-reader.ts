import { isUtf8 } from 'node:buffer';
import { rawJson } from './json.js';
import {
  containerIn,
  JsonScanner,
  type JsonViolation,
  type ScannedNumber,
  type ScanOptions,
} from './json-scanner.js';
import { endOfString } from './json-tokens.js';

/** What a JSON text may be beyond valid. Each reader states its own: request bodies, externals' answers, files. */
export interface JsonBounds {
  /** A byte order mark (RFC 8259 §8.1 lets a reader ignore it). `refuse` makes it a syntax error. */
  readonly byteOrderMark: 'ignore' | 'refuse';
  /** A name that an object has twice. `keep-last` is what `JSON.parse` does. */
  readonly duplicateNames: 'refuse' | 'keep-last';
  /**
   * A whole number that a double cannot hold, and a number beyond a double's range: `round` turns the first into
   * another number and the second into `null` or 0 when the value is written again, unnoticed. `keep` makes each
   * number that would be written differently a raw one, which `JSON.stringify` writes as it came.
   */
  readonly lossyNumbers: 'refuse' | 'round' | 'keep';
  /** Bytes of a buffer, UTF-16 units of a text. Default: no limit. */
  readonly maxLength?: number;
  /** Levels of arrays and objects below the outermost one. Default: no limit. */
  readonly maxDepth?: number;
  /** The reader stops after this many violations. Default: it finds all. */
  readonly maxViolations?: number;
}

export interface JsonReading {
  /** Undefined where the source is no JSON, too long or too deep. */
  readonly value: unknown;
  /** In the order of the text. Empty where the source is JSON within its bounds. */
  readonly violations: readonly JsonViolation[];
}

const BYTE_ORDER_MARK = '\ufeff';
/** Where a number may lose something: 16 digits, or an exponent. Most texts have neither. */
const PERHAPS_LOSSY = /[\d.]{16}|\d[eE]/;
/** Where a number may be written differently: also `-0`, `1.0` and `0.0000001`. */
const PERHAPS_CHANGED = /[\d.]{16}|\d[eE]|-0|\.\d*0\b|\.0{6}/;

/** Parses JSON within bounds. `JSON.parse` is the parser; the text is scanned only where a bound needs it. */
export function readJson(source: Buffer | string, bounds: JsonBounds): JsonReading {
  const { maxLength = Infinity, maxDepth } = bounds;
  const text = textOf(source, bounds);
  if (text === undefined) return failed({ kind: 'not-utf8' });
  const length = typeof source === 'string' ? text.length : source.length;
  if (length > maxLength) return failed({ kind: 'too-long', length });
  const options: ScanOptions = {
    duplicates: bounds.duplicateNames === 'refuse',
    numbers: numbersToReport(bounds),
    maxDepth,
    stopsWhenTooDeep: true,
    maxFindings: bounds.maxViolations,
  };
  let scanner: JsonScanner | undefined;
  // Before it is parsed: a mebibyte of brackets takes `JSON.parse` 100 ms. A level needs two characters.
  if (maxDepth !== undefined && text.length > 2 * maxDepth) {
    scanner = new JsonScanner(text, options);
    const error = scanner.scan();
    if (error) return failed(error);
    if (scanner.isTooDeep) return failed({ kind: 'too-deep' });
  }
  const value = parse(text);
  if (value === NOT_JSON) return failed(syntaxErrorOf(text));
  if (!scanner && (options.duplicates || mayHoldReported(text, bounds))) {
    scanner = new JsonScanner(text, options);
    scanner.scan();
  }
  if (!scanner) return { value, violations: [] };
  return { value: withRawNumbers(value, scanner.numbers), violations: scanner.violations };
}

function numbersToReport({ lossyNumbers }: JsonBounds): ScanOptions['numbers'] {
  if (lossyNumbers === 'refuse') return { accepts: losesDigits, as: 'violations' };
  return lossyNumbers === 'keep' ? CHANGED_NUMBERS : undefined;
}

/** Nearly all numbers, and they are written as they were read. */
const PLAIN_INTEGER = /^(?:0|-?[1-9]\d{0,14})$/;

/** The numbers that are not written as they were read. */
export const CHANGED_NUMBERS = {
  accepts: (source: string) => !PLAIN_INTEGER.test(source) && JSON.stringify(Number(source)) !== source,
  as: 'numbers',
} as const;

/** Puts raw numbers in the places where they stood in the text of `value`; changes `value` itself. */
export function withRawNumbers(value: unknown, numbers: readonly ScannedNumber[]): unknown {
  let root = value;
  for (const { container, key, source } of numbers) {
    const holder = containerIn(root, container);
    if (container === undefined) root = rawJson(source);
    else if (typeof holder === 'object' && holder !== null)
      (holder as Record<string | number, unknown>)[key] = rawJson(source);
  }
  return root;
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
  const error = new JsonScanner(text).scan();
  if (!error) throw new Error('JSON.parse refuses a text that the scanner accepts');
  return error;
}

function failed(violation: JsonViolation): JsonReading {
  return { value: undefined, violations: [violation] };
}

/** JSON is UTF-8 (RFC 8259 §8.1): other bytes are refused, never replaced. */
export function textOf(
  source: Buffer | string,
  { byteOrderMark }: Pick<JsonBounds, 'byteOrderMark'>,
): string | undefined {
  if (typeof source !== 'string' && !isUtf8(source)) return undefined;
  const text = source.toString();
  return byteOrderMark === 'ignore' && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

/**
 * Whether something between the strings of this JSON text may be a number to report. Cheaper than the scan, and mostly
 * false.
 */
function mayHoldReported(text: string, { lossyNumbers }: JsonBounds): boolean {
  if (lossyNumbers === 'round') return false;
  const pattern = lossyNumbers === 'refuse' ? PERHAPS_LOSSY : PERHAPS_CHANGED;
  if (!pattern.test(text)) return false;
  let at = 0;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (pattern.test(text.slice(at, quote === -1 ? text.length : quote))) return true;
    if (quote === -1) return false;
    at = endOfString(text, quote);
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
