import { isIssued } from './card-network.js';

export const MIN_DIGITS = 13;
export const MAX_DIGITS = 19;
/** Below this, groups between other separators than spaces and dashes are dates, addresses or versions. */
const MIN_FIRM_GROUP = 3;

/** Zero width, soft hyphen, direction marks: read as if they were not there. */
const INVISIBLE = String.raw`\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff`;
const INVISIBLES = new RegExp(`[${INVISIBLE}]+`, 'g');
const IS_INVISIBLE = new RegExp(`^[${INVISIBLE}]$`);
/** Spaces, dashes and form-encoding's `+`, which may vary within a number: ` - ` between groups, or two spaces. */
const LOOSE_SEPARATOR =
  /^[ +\-\u00a0\u2000-\u200a\u2010-\u2015\u202f\u205f\u2212\u3000\ufe58\ufe63\uff0d]{1,3}$/;
const LOOSE = ' ';
/** Any other ASCII punctuation or control character. */
const FIRM_SEPARATOR = /^[^0-9A-Za-z\u0080-\uffff]$/;

/** What a single ASCII character is between two groups. */
const ASCII_SEPARATORS: readonly (string | undefined)[] = Array.from({ length: 0x80 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (LOOSE_SEPARATOR.test(character)) return LOOSE;
  return FIRM_SEPARATOR.test(character) ? character : undefined;
});

/** `%20` to `%2F`, the punctuation of a query, so that `20` is no digit of a number. */
const ESCAPED_PUNCTUATION = /%2[0-9A-Fa-f]/g;
/** Any ASCII character. */
const ESCAPED = /%[0-7][0-9A-Fa-f]/g;

/**
 * Identifiers whose digits may pass the check by chance: UUIDs, trace contexts (W3C `traceparent`), and lower-case hex
 * digests of 32, 40 or 64 digits, each standing alone (`_` may go before: `pay_…`). No card is written in these
 * shapes.
 */
const IDENTIFIER =
  /(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[1-8][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}|[0-9a-f]{32}(?:-[0-9a-f]{16}-[0-9a-f]{2}|[0-9a-f]{8}|[0-9a-f]{32})?)(?![0-9A-Za-z])/g;

/** Digits that may belong to one number: in groups, with an accepted separator between each. */
interface Chain {
  readonly digits: number[];
  /** Where each digit stands in the text that was scanned. */
  readonly places: number[];
  readonly groups: { readonly start: number; readonly separator: string | undefined }[];
}

/**
 * A range of a chain's digits. Numbers of one chain may overlap and share it, so that hostile texts cost no copies.
 */
export interface CardNumber {
  readonly chain: Chain;
  readonly start: number;
  readonly end: number;
  /** From a place in the scanned text to the place in the original, which differs where there are escapes. */
  readonly originalPlace: (place: number) => number;
}

/**
 * All runs of digit groups that `maskCardNumbers` takes for card numbers, by chain and in ascending order. Texts with
 * percent escapes are read twice, since `%41` may be an `A` or stand before a number. Linear: each group looks at most
 * 19 digits ahead.
 */
export function findCardNumbers(text: string): CardNumber[] {
  if (!text.includes('%')) return scan(text, (place) => place);
  return [ESCAPED_PUNCTUATION, ESCAPED].flatMap((escapes) => {
    const { unescaped, starts } = unescape(text, escapes);
    return scan(unescaped, (place) => starts[place]!);
  });
}

/** The text with these escapes read, and where each of its characters (and its end) stands in the original. */
function unescape(text: string, escapes: RegExp): { unescaped: string; starts: Uint32Array } {
  const starts = new Uint32Array(text.length + 1);
  let length = 0;
  let from = 0;
  const copyUntil = (end: number): void => {
    while (from < end) starts[length++] = from++;
  };
  const unescaped = text.replaceAll(escapes, (escape, at: number) => {
    copyUntil(at);
    starts[length++] = at;
    from = at + escape.length;
    return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  });
  copyUntil(text.length + 1);
  return { unescaped, starts };
}

function scan(text: string, originalPlace: (place: number) => number): CardNumber[] {
  if (!mayHoldNumber(text)) return [];
  const isIdentifier = identifiersOf(text);
  const numbers: CardNumber[] = [];
  for (const chain of chainsOf(text)) {
    for (const [start, end] of numbersOf(chain)) {
      if (isIdentifier(chain.places[start]!, chain.places[end - 1]!)) continue;
      numbers.push({ chain, start, end, originalPlace });
    }
  }
  return numbers;
}

/**
 * Whether 13 digits stand without a letter in between. Few texts have them. A loop: the pattern costs five times as
 * much.
 */
function mayHoldNumber(text: string): boolean {
  let digits = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const lowerCase = code | 0x20;
    if (code >= 0x30 && code <= 0x39) digits += 1;
    else if (lowerCase >= 0x61 && lowerCase <= 0x7a) digits = 0;
    if (digits === MIN_DIGITS) return true;
  }
  return false;
}

/** Chains of 13 digits and more. A group of more than 19 digits belongs to no number and ends a chain. */
function chainsOf(text: string): Chain[] {
  const chains: Chain[] = [];
  let chain: Chain = { digits: [], places: [], groups: [] };
  let end = 0;
  const startChain = (): void => {
    if (chain.digits.length >= MIN_DIGITS) chains.push(chain);
    chain = { digits: [], places: [], groups: [] };
  };
  for (
    let index = nextDigit(text, 0);
    index < text.length;
    index = nextDigit(text, Math.max(end, index + 1))
  ) {
    const separator = separatorIn(text, end, index);
    end = endOfGroup(text, index);
    if (separator === undefined) startChain();
    const start = chain.digits.length;
    for (let at = index; at < end; at += 1) {
      const digit = text.charCodeAt(at) - 0x30;
      if (digit > 9) continue;
      chain.digits.push(digit);
      chain.places.push(at);
    }
    chain.groups.push({ start, separator });
    if (chain.digits.length - start <= MAX_DIGITS) continue;
    chain.groups.pop();
    chain.digits.length = chain.places.length = start;
    startChain();
    const after = nextDigit(text, end);
    end = -1;
    index = after - 1;
  }
  startChain();
  return chains;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function nextDigit(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

/** A group is digits, with invisible characters between and behind them. */
function endOfGroup(text: string, from: number): number {
  let at = from + 1;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (!isDigit(code) && (code < 0xad || !IS_INVISIBLE.test(text[at]!))) break;
  }
  return at;
}

/**
 * What separates two groups: {@link LOOSE}, or one mark of ASCII punctuation; undefined where they cannot be of one
 * number.
 */
function separatorIn(text: string, from: number, to: number): string | undefined {
  if (from < 0) return undefined;
  if (to === from + 1 && text.charCodeAt(from) < 0x80) return ASCII_SEPARATORS[text.charCodeAt(from)];
  const between = text.slice(from, Math.min(to, from + 64));
  const visible = between.length === 1 ? between : between.replaceAll(INVISIBLES, '');
  if (LOOSE_SEPARATOR.test(visible)) return LOOSE;
  return FIRM_SEPARATOR.test(visible) ? visible : undefined;
}

/** From where to where in the chain's digits: 13 to 19 in whole groups, issued by a network, that pass the Luhn check. */
function numbersOf({ digits, groups }: Chain): [start: number, end: number][] {
  const numbers: [number, number][] = [];
  groups.forEach(({ start }, first) => {
    const separator = groups[first + 1]?.separator;
    for (let next = first + 1; next <= groups.length; next += 1) {
      const end = groups[next]?.start ?? digits.length;
      if (end - start > MAX_DIGITS) return;
      if (end - start >= MIN_DIGITS && isCardNumber(digits, start, end)) numbers.push([start, end]);
      if (groups[next]?.separator !== separator) return;
      if (separator !== LOOSE && end - groups[next - 1]!.start < MIN_FIRM_GROUP) return;
    }
  });
  return numbers;
}

/** Whether these digits, 13 to 19, are a number that a card network could have issued. */
export function isCardNumber(digits: readonly number[], start = 0, end = digits.length): boolean {
  const firstFour =
    digits[start]! * 1_000 + digits[start + 1]! * 100 + digits[start + 2]! * 10 + digits[start + 3]!;
  return isIssued(firstFour, end - start) && passesLuhn(digits, start, end);
}

/** ISO/IEC 7812-1 annex B. */
function passesLuhn(digits: readonly number[], start: number, end: number): boolean {
  let sum = 0;
  for (let at = end - 1; at >= start; at -= 1) {
    const digit = digits[at]!;
    const isDoubled = (end - at) % 2 === 0;
    sum += !isDoubled ? digit : digit < 5 ? digit * 2 : digit * 2 - 9;
  }
  return sum % 10 === 0;
}

/** Whether a range of the text touches an identifier. Called with ascending starts. */
function identifiersOf(text: string): (from: number, to: number) => boolean {
  const identifiers = Array.from(text.matchAll(IDENTIFIER), ({ index, 0: found }) => ({
    start: index,
    end: index + found.length,
  }));
  let next = 0;
  return (from, to) => {
    while ((identifiers[next]?.end ?? Infinity) <= from) next += 1;
    return (identifiers[next]?.start ?? Infinity) <= to;
  };
}
