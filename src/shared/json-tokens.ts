/** The tokens of JSON (RFC 8259), found in a text without building anything. */

const [QUOTE, BACKSLASH, MINUS, PLUS, DOT] = [0x22, 0x5c, 0x2d, 0x2b, 0x2e];
const [ZERO, NINE, LOWER_E, LOWER_U] = [0x30, 0x39, 0x65, 0x75];

/** What a token can begin with, by its first character; 0 for everything else. */
const SPACE = 1;
export const PUNCTUATION = 2;
const STRING = 3;
export const NUMBER = 4;
const WORD = 5;
export const KINDS = new Uint8Array(0x1_0000);
for (const [kind, characters] of [
  [SPACE, ' \t\n\r'],
  [PUNCTUATION, '{}[],:'],
  [STRING, '"'],
  [NUMBER, '-0123456789'],
  [WORD, 'tfn'],
] as const) {
  for (const character of characters) KINDS[character.charCodeAt(0)] = kind;
}

// oxlint-disable no-control-regex -- JSON allows no control characters in a string
/** Items of an array that hold no others, with their commas: a regular expression is faster than a loop. */
const SIMPLE_ITEMS = /(?:(?:0|-?[1-9]\d{0,14}|\{\}|\[\]|"[^"\\\u0000-\u001f]{0,64}"),){1,1000}/y;
// oxlint-enable no-control-regex

export function afterSimpleItems(text: string, from: number): number {
  SIMPLE_ITEMS.lastIndex = from;
  return SIMPLE_ITEMS.test(text) ? SIMPLE_ITEMS.lastIndex : from;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

export function afterSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && KINDS[text.charCodeAt(at)] === SPACE) at += 1;
  return at;
}

/** Where the token at `at` ends; `at` where there is none. */
export function endOfToken(text: string, at: number): number {
  const kind = at < text.length ? KINDS[text.charCodeAt(at)] : 0;
  if (kind === PUNCTUATION) return at + 1;
  if (kind === STRING) return endOfString(text, at);
  if (kind === NUMBER) return endOfNumber(text, at);
  if (kind !== WORD) return at;
  return at + (['true', 'false', 'null'].find((word) => text.startsWith(word, at))?.length ?? 0);
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
