import { ZEROS } from './decimal-digits.js';

const MIN_DIGITS = 13;
const MAX_DIGITS = 19;
const LAST_SHOWN = 4;
/** Below this, groups between other separators than spaces and dashes are dates, addresses or versions, not a card's. */
const MIN_FIRM_GROUP = 3;
/** ` - ` between groups, or two spaces. */
const MAX_LOOSE_SEPARATORS = 3;

/** What a UTF-16 code unit is to a card number: 0 to 9 is a digit's value. */
const LETTER = 10;
/** A separator that may vary within a number: spaces, dashes, and form-encoding's `+`. */
const LOOSE = 11;
/** A separator that must be the same throughout a number: all other ASCII punctuation. */
const FIRM = 12;
/** Seen by nobody (zero width, soft hyphen, direction marks): read as if it were not there. */
const INVISIBLE = 13;
const KINDS = kindsOfCodeUnits();

function kindsOfCodeUnits(): Uint8Array {
  const kinds = new Uint8Array(0x10000).fill(LETTER);
  kinds.fill(FIRM, 0, 0x30).fill(FIRM, 0x3a, 0x41).fill(FIRM, 0x5b, 0x61).fill(FIRM, 0x7b, 0x80);
  for (const zero of ZEROS) {
    for (let digit = 0; digit <= 9; digit += 1) kinds[zero + digit] = digit;
  }
  const markAll = (characters: string, kind: number) => {
    for (const character of characters) kinds[character.charCodeAt(0)] = kind;
  };
  markAll(' +-\u00a0\u202f\u205f\u3000\u2212\ufe58\ufe63\uff0d', LOOSE);
  kinds.fill(LOOSE, 0x2000, 0x200b).fill(LOOSE, 0x2010, 0x2016);
  markAll('\u00ad\ufeff', INVISIBLE);
  return kinds
    .fill(INVISIBLE, 0x200b, 0x2010)
    .fill(INVISIBLE, 0x202a, 0x202f)
    .fill(INVISIBLE, 0x2060, 0x2070);
}

/** `%20` to `%2F`, the punctuation of a query, so that `20` is no digit of a number. */
const ESCAPED_PUNCTUATION = /%2[0-9A-Fa-f]/g;
/** Any ASCII character. */
const ESCAPED = /%[0-7][0-9A-Fa-f]/g;

/**
 * Identifiers whose digits may pass the check by chance: UUIDs, trace contexts (W3C `traceparent`), and lower-case hex
 * digests of 32, 40 or 64 digits, each standing alone (`_` may go before: `pay_…`). No card is written in these shapes.
 */
const IDENTIFIER =
  /(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[1-8][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}|[0-9a-f]{32}(?:-[0-9a-f]{16}-[0-9a-f]{2}|[0-9a-f]{8}|[0-9a-f]{32})?)(?![0-9A-Za-z])/g;

/**
 * Where the digits lie that `maskCardNumbers` hides, as indexes into the text, ascending. One pass, or two where there are percent
 * escapes: nobody knows whether `%41` was meant to be an `A` or stands before a number. Each group of digits looks at most
 * 19 digits ahead, so the time grows with the text's length and nothing else.
 */
export function findCardDigits(text: string): number[] {
  if (!text.includes('%')) return scan(text);
  const found = new Set([...scanUnescaped(text, ESCAPED_PUNCTUATION), ...scanUnescaped(text, ESCAPED)]);
  return [...found].toSorted((a, b) => a - b);
}

/** The same in what the text says once these escapes are read. Of an escaped digit the whole escape is hidden. */
function scanUnescaped(text: string, escapes: RegExp): number[] {
  /** For each character that is read, where it begins in the text. */
  const starts: number[] = [];
  let unescaped = '';
  let at = 0;
  const readUntil = (end: number): void => {
    unescaped += text.slice(at, end);
    for (; at < end; at += 1) starts.push(at);
  };
  for (const { index, 0: escape } of text.matchAll(escapes)) {
    readUntil(index);
    unescaped += String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    starts.push(at);
    at += escape.length;
  }
  if (at === 0) return scan(text);
  readUntil(text.length + 1);
  return scan(unescaped).flatMap((read) => range(starts[read]!, starts[read + 1]!));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, offset) => from + offset);
}

function scan(text: string): number[] {
  if (!mayHoldNumber(text)) return [];
  const chain = new DigitChain(text);
  let idle = true;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const kind = KINDS[code]!;
    if (kind > 9 && idle) continue;
    if (kind <= 9) chain.addDigit(kind, at);
    else if (kind === LETTER) chain.end();
    else if (kind !== INVISIBLE) chain.addSeparator(kind === LOOSE ? LOOSE : code << 8);
    idle = chain.empty;
  }
  chain.end();
  return chain.hidden;
}

/** Whether enough digits stand together, with no letter in between, for a closer look. Nearly no text has them. */
function mayHoldNumber(text: string): boolean {
  let digits = 0;
  for (let at = 0; at < text.length; at += 1) {
    const kind = KINDS[text.charCodeAt(at)]!;
    if (kind === LETTER) digits = 0;
    else if (kind <= 9) digits += 1;
    if (digits === MIN_DIGITS) return true;
  }
  return false;
}

/** Groups of digits with one separator between each, or a few loose ones. Groups of more than 19 digits, and anything else between, end it. */
class DigitChain {
  readonly hidden: number[] = [];
  readonly #text: string;
  // Arrays are overwritten, not cut: texts that alternate digits and letters end a chain at every other character.
  #digits = 0;
  readonly #places: number[] = [];
  /** Sums of all digits before, those at even (odd) indexes doubled as Luhn's check does (ISO/IEC 7812-1 annex B). */
  readonly #evenDoubled: number[] = [0];
  readonly #oddDoubled: number[] = [0];
  #groups = 0;
  /** For each group the index of its first digit, and the separator before it. */
  readonly #starts: number[] = [];
  readonly #separators: number[] = [];
  #separator: number | undefined;
  /** How many characters it is made of. */
  #separatorLength = 0;
  #overlong = false;
  #identifiers: { from: number; to: number }[] | undefined;
  #nextIdentifier = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get empty(): boolean {
    return this.#digits === 0 && !this.#overlong;
  }

  addDigit(digit: number, place: number): void {
    if (this.#overlong) return;
    const index = this.#digits;
    if (this.#separator !== undefined || index === 0) {
      this.#starts[this.#groups] = index;
      this.#separators[this.#groups] = this.#separator ?? LOOSE;
      this.#groups += 1;
      this.#separator = undefined;
    }
    const doubled = digit < 5 ? digit * 2 : digit * 2 - 9;
    const even = index % 2 === 0;
    this.#evenDoubled[index + 1] = this.#evenDoubled[index]! + (even ? doubled : digit);
    this.#oddDoubled[index + 1] = this.#oddDoubled[index]! + (even ? digit : doubled);
    this.#places[index] = place;
    this.#digits += 1;
    if (index >= this.#starts[this.#groups - 1]! + MAX_DIGITS) this.#dropOverlongGroup();
  }

  addSeparator(separator: number): void {
    if (this.empty) return;
    const continues = separator === LOOSE && this.#separator === LOOSE;
    this.#separatorLength = continues ? this.#separatorLength + 1 : 1;
    if (this.#overlong || this.#separatorLength > MAX_LOOSE_SEPARATORS) this.end();
    else if (this.#separator === undefined) this.#separator = separator;
    else if (!continues) this.end();
  }

  end(): void {
    if (this.#digits >= MIN_DIGITS) this.#hideNumbers();
    this.#digits = this.#groups = 0;
    this.#separator = undefined;
    this.#overlong = false;
  }

  #dropOverlongGroup(): void {
    this.#groups -= 1;
    this.#digits = this.#starts[this.#groups]!;
    this.end();
    this.#overlong = true;
  }

  /** From each group on, hides the longest number that ends with a group, but its last four digits. */
  #hideNumbers(): void {
    let done = 0;
    for (let group = 0; group < this.#groups; group += 1) {
      const hiddenEnd = this.#endOfNumber(group) - LAST_SHOWN;
      for (let digit = Math.max(done, this.#starts[group]!); digit < hiddenEnd; digit += 1) {
        this.hidden.push(this.#places[digit]!);
        done = digit + 1;
      }
    }
  }

  /** The index behind the last digit of the longest card number that begins with this group; 0 where there is none. */
  #endOfNumber(first: number): number {
    const start = this.#starts[first]!;
    const separator = this.#separators[first + 1];
    let end = 0;
    for (let group = first; group < this.#groups; group += 1) {
      if (group > first && !this.#joins(group, separator)) break;
      const groupEnd = group + 1 < this.#groups ? this.#starts[group + 1]! : this.#digits;
      if (groupEnd - start > MAX_DIGITS) break;
      if (groupEnd - start < MIN_DIGITS || !this.#passesLuhn(start, groupEnd)) continue;
      if (!this.#touchesIdentifier(start, groupEnd)) end = groupEnd;
    }
    return end;
  }

  #joins(group: number, separator: number | undefined): boolean {
    if (this.#separators[group] !== separator) return false;
    return separator === LOOSE || this.#starts[group]! - this.#starts[group - 1]! >= MIN_FIRM_GROUP;
  }

  /** The last digit counts once, the one before it doubled, and so on: an even `end` has the even ones doubled. */
  #passesLuhn(start: number, end: number): boolean {
    const sums = end % 2 === 0 ? this.#evenDoubled : this.#oddDoubled;
    return (sums[end]! - sums[start]!) % 10 === 0;
  }

  /** Asked with ascending starts only. */
  #touchesIdentifier(start: number, end: number): boolean {
    this.#identifiers ??= Array.from(this.#text.matchAll(IDENTIFIER), ({ index, 0: found }) => ({
      from: index,
      to: index + found.length,
    }));
    const from = this.#places[start]!;
    while ((this.#identifiers[this.#nextIdentifier]?.to ?? Infinity) <= from) this.#nextIdentifier += 1;
    return (this.#identifiers[this.#nextIdentifier]?.from ?? Infinity) <= this.#places[end - 1]!;
  }
}
