import { isRawJson } from '../shared/json.js';
import { findCardNumbers, isCardNumber, MAX_DIGITS, MIN_DIGITS } from './card-number-scanner.js';
import { type JsonMask, maskJson } from './masked-json.js';

const ASTERISK = 0x2a;
const LAST_SHOWN = 4;
/** Numbers below have fewer than 13 digits; those from the other on have more than 19. */
const [SMALLEST_CARD, BEYOND_CARDS] = [10 ** (MIN_DIGITS - 1), 10 ** MAX_DIGITS];

/**
 * The text with everything that looks like a card number masked but its last four digits, which PCI DSS 4.0 (3.4.1)
 * allows to be shown; the text itself if there is none.
 *
 * A card number is 13 to 19 ASCII digits in a range and length that a card network issues (`card-network.ts`), and that
 * pass the Luhn check, unbroken or in groups. Between groups are one to
 * three spaces, dashes or `+` (form encoding), of any kind and mixed; or any other one ASCII punctuation mark, the
 * same throughout, between groups of three digits or more (otherwise dates and addresses would be masked). Percent
 * escapes of all these count too; invisible characters between digits are ignored. It may touch letters and stand
 * beside other groups of digits (`4111111111111111 12/27`), but is no part of a longer unbroken run.
 *
 * Left alone: UUIDs, and so the gateway's own ids; W3C trace contexts; lower-case hex of 32, 40 or 64 digits. Not
 * found: digits of other scripts, other encodings (base64, digits as words), and numbers that are split over several
 * texts.
 */
export function maskCardNumbers(text: string): string {
  if (text.length < MIN_DIGITS) return text;
  const found = findCardNumbers(text);
  if (found.length === 0) return text;
  const codeUnits = Buffer.from(text, 'utf16le');
  let hidden = { chain: found[0]!.chain, until: 0 };
  for (const { chain, start, end, originalPlace } of found) {
    if (chain !== hidden.chain) hidden = { chain, until: 0 };
    for (let digit = Math.max(start, hidden.until); digit < end - LAST_SHOWN; digit += 1) {
      const place = chain.places[digit]!;
      // An escaped digit has three characters.
      for (let at = originalPlace(place); at < originalPlace(place + 1); at += 1) {
        codeUnits.writeUInt16LE(ASTERISK, at * 2);
      }
      hidden.until = digit + 1;
    }
  }
  return codeUnits.toString('utf16le');
}

/**
 * Whether the text holds a card number. One that a caller chose is refused then: an order that is named so would be
 * masked wherever it is shown.
 */
export function holdsCardNumber(text: string): boolean {
  return text.length >= MIN_DIGITS && findCardNumbers(text).length > 0;
}

/**
 * {@link maskCardNumbers} for each text and key in a JSON value, at any depth (`maskJson`). A number stays a number: an
 * integer that is a card number drops its member, or leaves `null` in an array.
 */
export function maskCardNumbersIn(value: unknown): unknown {
  return maskJson(value, CARD_NUMBERS);
}

const CARD_NUMBERS: JsonMask = {
  text: maskCardNumbers,
  other: (value) => (isNumericCard(value) ? undefined : value),
};

function isNumericCard(value: unknown): boolean {
  if (typeof value === 'number')
    return Math.abs(value) >= SMALLEST_CARD && isCardInteger(value, String(value));
  if (typeof value === 'bigint') return isCardInteger(Number(value), String(value));
  return typeof value === 'object' && isRawJson(value) && isCardInteger(Number(value.rawJSON), value.rawJSON);
}

/** `source` has the digits that a double of this size no longer holds. */
function isCardInteger(value: number, source: string): boolean {
  const size = Math.abs(value);
  if (!Number.isInteger(value) || size < SMALLEST_CARD || size >= BEYOND_CARDS) return false;
  const digits = /^-?(\d+)(?:\.0*)?$/.exec(source)?.[1] ?? size.toFixed(0);
  return isCardNumber(Array.from(digits, Number));
}
