import { afterSimpleItems, afterSpace, endOfToken, KINDS, NUMBER, PUNCTUATION } from './json-tokens.js';

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
  readonly numbers?:
    { readonly accepts: (source: string) => boolean; readonly as: 'violations' | 'numbers' } | undefined;
  /** Levels of arrays and objects below the outermost one. */
  readonly maxDepth?: number | undefined;
  /** Nothing of a text that is too deep is wanted. Default: the scan goes on to its end. */
  readonly stopsWhenTooDeep?: boolean;
  /** Nothing is reported after this many findings. Default: no limit. */
  readonly maxFindings?: number | undefined;
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

/** What may follow, as numbers: the scan is a loop over a mebibyte. */
const VALUE = 0;
const VALUE_OR_END = 1;
const NAME = 2;
const NAME_OR_END = 3;
const NAME_COLON = 4;
const COMMA_OR_BRACE = 5;
const COMMA_OR_BRACKET = 6;
const END = 7;
const NOTHING = -1;

type State = number;

const EXPECTED = [
  'a value',
  'a value or "]"',
  'a member name',
  'a member name or "}"',
  '":"',
  '"," or "}"',
  '"," or "]"',
  'the end of the text',
];

const [QUOTE, BRACE, CLOSING_BRACE, BRACKET, CLOSING_BRACKET] = [0x22, 0x7b, 0x7d, 0x5b, 0x5d];
const [COMMA, COLON] = [0x2c, 0x3a];

/**
 * Finds what `JSON.parse` does not report: where a syntax error is, duplicate names, numbers that it changes, depth,
 * and where the members of the outermost object stand. It accepts what `JSON.parse` accepts, and builds no values: a
 * mebibyte takes some 20 ms, with any content. Iterative: no depth overflows the stack.
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
  /** The number of open arrays and objects, and 1 for each that is an object. */
  #depth = 0;
  #isObject = new Uint8Array(64);
  /** Of each that is examined: its present member, the names seen so far. What is left of closed ones is overwritten. */
  readonly #keys: (string | number)[] = [];
  readonly #names: (string | Set<string> | undefined)[] = [];
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
    let state: State = VALUE;
    let at = afterSpace(text, 0);
    while (at < text.length || state !== END) {
      if (state === VALUE && !this.#counts && this.#isObject[this.#depth - 1] === 0)
        at = afterSimpleItems(text, at);
      const end = endOfToken(text, at);
      const next: State = end > at ? this.#follow(state, at, end) : NOTHING;
      if (next === NOTHING) return { kind: 'syntax', ...placeOf(text, at), expected: EXPECTED[state]! };
      if (this.isTooDeep && this.options.stopsWhenTooDeep) return undefined;
      state = next;
      at = afterSpace(text, end);
    }
    return undefined;
  }

  /** The state after the token from `start` to `end`, or `NOTHING` where it may not stand. */
  #follow(state: State, start: number, end: number): State {
    const first = this.text.charCodeAt(start);
    switch (state) {
      case VALUE:
      case VALUE_OR_END:
        if (first === CLOSING_BRACKET && state === VALUE_OR_END) return this.#close(end);
        if (first === BRACE || first === BRACKET) return this.#open(first === BRACE);
        if (KINDS[first] === PUNCTUATION) return NOTHING;
        if (this.#counts && KINDS[first] === NUMBER) this.#examineNumber(start, end);
        return this.#afterValue(end);
      case NAME:
      case NAME_OR_END:
        if (first === CLOSING_BRACE && state === NAME_OR_END) return this.#close(end);
        return first === QUOTE ? this.#enterMember(start, end) : NOTHING;
      case NAME_COLON:
        return first === COLON ? VALUE : NOTHING;
      case COMMA_OR_BRACE:
        return first === CLOSING_BRACE ? this.#close(end) : first === COMMA ? NAME : NOTHING;
      case COMMA_OR_BRACKET:
        if (first === CLOSING_BRACKET) return this.#close(end);
        if (first !== COMMA) return NOTHING;
        if (this.#isExamined) (this.#keys[this.#depth - 1] as number) += 1;
        return VALUE;
      default:
        return NOTHING;
    }
  }

  #open(isObject: boolean): State {
    const depth = this.#depth;
    if (depth === this.#isObject.length) this.#grow();
    this.#isObject[depth] = isObject ? 1 : 0;
    this.#depth = depth + 1;
    if (depth > this.#maxDepth && this.#counts) this.isTooDeep = true;
    if (this.#isExamined) {
      this.#keys[depth] = 0;
      this.#names[depth] = undefined;
      this.#containers[depth] = undefined;
    }
    return isObject ? NAME_OR_END : VALUE_OR_END;
  }

  #close(end: number): State {
    this.#depth -= 1;
    return this.#afterValue(end);
  }

  #grow(): void {
    const longer = new Uint8Array(2 * this.#isObject.length);
    longer.set(this.#isObject);
    this.#isObject = longer;
  }

  /** Whether the innermost array or object is one that counts. */
  get #isExamined(): boolean {
    return this.#counts && this.#depth <= this.#maxDepth + 1;
  }

  #afterValue(end: number): State {
    const depth = this.#depth;
    if (depth === 0) return END;
    if (this.#member) {
      if (depth === 1) this.#member.end = end;
      else if (end - this.#member.start > this.#maxMemberLength) this.#counts = false;
    }
    return this.#isObject[depth - 1] === 1 ? COMMA_OR_BRACE : COMMA_OR_BRACKET;
  }

  #enterMember(start: number, end: number): State {
    const depth = this.#depth;
    if (depth > 1 && !this.#isExamined) return NAME_COLON;
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
      if (this.#isSeen(name)) this.violations.push({ kind: 'duplicate-name', pointer: this.#pointer() });
    }
    return NAME_COLON;
  }

  /** Whether the innermost object has had this name; remembers it. Objects of one name need no set. */
  #isSeen(name: string): boolean {
    const seen = this.#names[this.#depth - 1];
    if (typeof seen === 'object') {
      if (seen.has(name)) return true;
      seen.add(name);
      return false;
    }
    this.#names[this.#depth - 1] = seen === undefined ? name : new Set([seen, name]);
    return seen === name;
  }

  #examineNumber(start: number, end: number): void {
    const { numbers } = this.options;
    if (!numbers || !this.#examines(start)) return;
    const source = this.text.slice(start, end);
    if (!numbers.accepts(source)) return;
    if (numbers.as === 'violations') this.violations.push({ kind: 'lossy-number', pointer: this.#pointer() });
    else this.numbers.push({ container: this.#container(), key: this.#keys[this.#depth - 1] ?? '', source });
  }

  #examines(at: number): boolean {
    if (!this.#isExamined || this.violations.length >= this.#maxFindings) return false;
    return at - (this.#member?.start ?? 0) <= this.#maxMemberLength;
  }

  #container(): Container | undefined {
    // From the innermost one that is known: thousands of numbers may share the outer ones.
    let known = this.#depth;
    while (known > 0 && this.#containers[known - 1] === undefined) known -= 1;
    for (let depth = known; depth < this.#depth; depth += 1) {
      this.#containers[depth] = { parent: this.#containers[depth - 1], key: this.#keys[depth - 1] ?? '' };
    }
    return this.#depth === 0 ? undefined : this.#containers[this.#depth - 1];
  }

  #pointer(): string {
    return this.#keys
      .slice(0, this.#depth)
      .map((key) => (typeof key === 'string' ? `/${escapePointer(key)}` : `/${key}`))
      .join('');
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
