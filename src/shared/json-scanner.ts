export type JsonViolation =
  | { readonly kind: 'too-long'; readonly length: number }
  | { readonly kind: 'not-utf8' }
  /** Line and column count from 1, columns in UTF-16 units. No piece of the text: it may be a secret. */
  | { readonly kind: 'syntax'; readonly line: number; readonly column: number; readonly expected: string }
  | { readonly kind: 'too-deep' }
  /** JSON pointers (RFC 6901). */
  | { readonly kind: 'duplicate-name' | 'lossy-number'; readonly pointer: string };

/** What a scan looks for beside syntax errors. */
export interface ScanOptions {
  /** Report names that an object has twice. */
  readonly duplicates?: boolean;
  /** Reports the numbers for which it returns true, by their source: as violations, or in {@link JsonScanner.numbers}. */
  readonly numbers?: { readonly accepts: (source: string) => boolean; readonly as: 'violations' | 'numbers' };
  /** Levels of arrays and objects below the outermost one. */
  readonly maxDepth?: number | undefined;
  /** Nothing is reported after this many findings. Default: no limit. */
  readonly maxFindings?: number;
  /** The members of the outermost object that count: in the others, only the syntax matters. Default: all. */
  readonly members?: ReadonlySet<string> | undefined;
  /** Nothing is reported in a member of the outermost object beyond this length. Default: no limit. */
  readonly maxMemberLength?: number;
}

/** A member of the outermost object, as places in the text. */
export interface ScannedMember {
  readonly name: string;
  readonly start: number;
  readonly valueStart: number;
  /** -1 where the text ends before the value does. */
  end: number;
}

/** An array or object that holds a reported number. */
interface Container {
  readonly parent: Container | undefined;
  readonly key: string | number;
  value?: unknown;
}

export interface ScannedNumber {
  readonly container: Container | undefined;
  readonly key: string | number;
  readonly source: string;
}

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

const [QUOTE, BACKSLASH, MINUS, PLUS, DOT] = [0x22, 0x5c, 0x2d, 0x2b, 0x2e];
const [ZERO, NINE, BRACE, CLOSING_BRACE, BRACKET, CLOSING_BRACKET] = [0x30, 0x39, 0x7b, 0x7d, 0x5b, 0x5d];
const [COMMA, COLON, LOWER_E, LOWER_U] = [0x2c, 0x3a, 0x65, 0x75];

/**
 * Finds what `JSON.parse` does not report: where a syntax error is, duplicate names, numbers that it changes, depth,
 * and where the members of the outermost object stand. It accepts what `JSON.parse` accepts, and builds no values: a
 * mebibyte takes some 20 ms, whatever is in it. Iterative: no depth overflows the stack.
 */
export class JsonScanner {
  readonly violations: JsonViolation[] = [];
  readonly numbers: ScannedNumber[] = [];
  readonly members: ScannedMember[] = [];
  isTooDeep = false;

  readonly #duplicates: boolean;
  readonly #maxDepth: number;
  readonly #maxFindings: number;
  readonly #maxMemberLength: number;
  /** One item per open array or object: whether it is an object, its present member, the names seen so far. */
  readonly #isObject: boolean[] = [];
  readonly #keys: (string | number)[] = [];
  readonly #names: (Set<string> | undefined)[] = [];
  readonly #containers: (Container | undefined)[] = [];
  /** The present member of the outermost object; undefined where it does not count. */
  #member: ScannedMember | undefined;
  #counts = true;

  constructor(
    private readonly text: string,
    private readonly options: ScanOptions = {},
  ) {
    this.#duplicates = options.duplicates ?? false;
    this.#maxDepth = options.maxDepth ?? Infinity;
    this.#maxFindings = options.maxFindings ?? Infinity;
    this.#maxMemberLength = options.maxMemberLength ?? Infinity;
  }

  /** Scans to the end, or to the first syntax error, which is returned. */
  scan(): JsonViolation | undefined {
    const { text } = this;
    let state: State = 'value';
    let at = afterSpace(text, 0);
    while (at < text.length || state !== 'end') {
      const end = endOfToken(text, at);
      const next: State | undefined = end > at ? this.#follow(state, at, end) : undefined;
      if (!next) return { kind: 'syntax', ...placeOf(text, at), expected: EXPECTED[state] };
      state = next;
      at = afterSpace(text, end);
    }
    return undefined;
  }

  /** The state after the token from `start` to `end`, or undefined where it may not stand. */
  #follow(state: State, start: number, end: number): State | undefined {
    const first = this.text.charCodeAt(start);
    switch (state) {
      case 'value':
      case 'valueOrEnd':
        if (first === CLOSING_BRACKET && state === 'valueOrEnd') return this.#close(end);
        if (first === BRACE || first === BRACKET) return this.#open(first === BRACE);
        if (isPunctuation(first)) return undefined;
        if (this.#counts && (first === MINUS || isDigit(first))) this.#examineNumber(start, end);
        return this.#afterValue(end);
      case 'name':
      case 'nameOrEnd':
        if (first === CLOSING_BRACE && state === 'nameOrEnd') return this.#close(end);
        return first === QUOTE ? this.#enterMember(start, end) : undefined;
      case 'colon':
        return first === COLON ? 'value' : undefined;
      case 'commaOrBrace':
        return first === CLOSING_BRACE ? this.#close(end) : first === COMMA ? 'name' : undefined;
      case 'commaOrBracket':
        if (first === CLOSING_BRACKET) return this.#close(end);
        if (first !== COMMA) return undefined;
        (this.#keys[this.#keys.length - 1] as number) += 1;
        return 'value';
      case 'end':
        return undefined;
      default:
        return state satisfies never;
    }
  }

  #open(isObject: boolean): State {
    if (this.#isObject.length > this.#maxDepth && this.#counts) this.isTooDeep = true;
    this.#isObject.push(isObject);
    this.#keys.push(0);
    this.#names.push(undefined);
    this.#containers.push(undefined);
    return isObject ? 'nameOrEnd' : 'valueOrEnd';
  }

  #close(end: number): State {
    this.#isObject.pop();
    this.#keys.pop();
    this.#names.pop();
    this.#containers.pop();
    return this.#afterValue(end);
  }

  #afterValue(end: number): State {
    const depth = this.#isObject.length;
    if (depth === 0) return 'end';
    if (depth === 1 && this.#member) this.#member.end = end;
    return this.#isObject[depth - 1] ? 'commaOrBrace' : 'commaOrBracket';
  }

  #enterMember(start: number, end: number): State {
    const depth = this.#isObject.length;
    if (depth > 1 && !this.#counts) return 'colon';
    const quoted = this.text.slice(start, end);
    const name = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
    this.#keys[depth - 1] = name;
    if (depth === 1) {
      const { members } = this.options;
      this.#counts = members === undefined || members.has(name);
      const valueStart = afterSpace(this.text, afterSpace(this.text, end) + 1);
      this.#member = this.#counts ? { name, start, valueStart, end: -1 } : undefined;
      if (this.#member) this.members.push(this.#member);
    }
    if (this.#duplicates && this.#examines(start)) {
      const names = (this.#names[depth - 1] ??= new Set());
      if (names.has(name)) this.violations.push({ kind: 'duplicate-name', pointer: this.#pointer() });
      names.add(name);
    }
    return 'colon';
  }

  #examineNumber(start: number, end: number): void {
    const { numbers } = this.options;
    if (!numbers || !this.#examines(start)) return;
    const source = this.text.slice(start, end);
    if (!numbers.accepts(source)) return;
    if (numbers.as === 'violations') this.violations.push({ kind: 'lossy-number', pointer: this.#pointer() });
    else this.numbers.push({ container: this.#container(), key: this.#keys.at(-1) ?? '', source });
  }

  #examines(at: number): boolean {
    if (!this.#counts || this.violations.length >= this.#maxFindings) return false;
    return at - (this.#member?.start ?? 0) <= this.#maxMemberLength;
  }

  #container(): Container | undefined {
    for (let depth = 0; depth < this.#containers.length; depth += 1) {
      this.#containers[depth] ??= { parent: this.#containers[depth - 1], key: this.#keys[depth - 1] ?? '' };
    }
    return this.#containers.at(-1);
  }

  #pointer(): string {
    return this.#keys.map((key) => (typeof key === 'string' ? `/${escapePointer(key)}` : `/${key}`)).join('');
  }
}

/** The array or object of the parsed text that holds a reported number. */
export function containerIn(root: unknown, container: Container | undefined): unknown {
  if (!container) return undefined;
  if (!container.parent) return root;
  if (!('value' in container)) {
    const parent = containerIn(root, container.parent);
    container.value =
      typeof parent === 'object' && parent !== null
        ? (parent as Record<string | number, unknown>)[container.key]
        : undefined;
  }
  return container.value;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function isPunctuation(code: number): boolean {
  return (
    code === COMMA ||
    code === COLON ||
    code === BRACE ||
    code === CLOSING_BRACE ||
    code === BRACKET ||
    code === CLOSING_BRACKET
  );
}

function afterSpace(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
  }
  return at;
}

/** Where the token at `at` ends; `at` where there is none. */
function endOfToken(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === QUOTE) return endOfString(text, at);
  if (isPunctuation(first)) return at + 1;
  if (first === MINUS || isDigit(first)) return endOfNumber(text, at);
  for (const word of ['true', 'false', 'null']) if (text.startsWith(word, at)) return at + word.length;
  return at;
}

const ESCAPABLE = new Set([...'"\\/bfnrt'].map((character) => character.charCodeAt(0)));

export function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code < 0x20) return start;
    if (code !== BACKSLASH) continue;
    at += 1;
    const escaped = text.charCodeAt(at);
    if (ESCAPABLE.has(escaped)) continue;
    if (escaped !== LOWER_U) return start;
    for (const end = at + 4; at < end; at += 1) if (!isHexDigit(text.charCodeAt(at + 1))) return start;
  }
  return start;
}

function isHexDigit(code: number): boolean {
  const lowerCase = code | 0x20;
  return isDigit(code) || (lowerCase >= 0x61 && lowerCase <= 0x66);
}

function endOfNumber(text: string, start: number): number {
  let at = text.charCodeAt(start) === MINUS ? start + 1 : start;
  const whole = afterDigits(text, at);
  if (whole === at) return start;
  // A zero ends the whole part: `01` is no number.
  at = text.charCodeAt(at) === ZERO ? at + 1 : whole;
  if (text.charCodeAt(at) === DOT) {
    const fraction = afterDigits(text, at + 1);
    if (fraction === at + 1) return at;
    at = fraction;
  }
  if ((text.charCodeAt(at) | 0x20) !== LOWER_E) return at;
  const sign = text.charCodeAt(at + 1);
  const digits = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
  const exponent = afterDigits(text, digits);
  return exponent === digits ? at : exponent;
}

function afterDigits(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at;
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
