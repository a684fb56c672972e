import { findCardDigits } from './card-number-scanner.js';
import { ZEROS } from './decimal-digits.js';

/** From and to which leading digits, and how many digits in all. */
type NumberRange = readonly [from: number, to: number, minDigits: number, maxDigits: number];

/**
 * The ranges in which the networks issue cards (ISO/IEC 7812-1 and the networks' own publications). Visa's thirteen digits, which
 * have not been issued for decades, are left out: EAN-13 article numbers look like them.
 */
const NETWORKS: readonly NumberRange[] = [
  [4, 4, 16, 16], //         Visa
  [4, 4, 19, 19],
  [51, 55, 16, 16], //       Mastercard
  [2221, 2720, 16, 16],
  [34, 34, 15, 15], //       American Express
  [37, 37, 15, 15],
  [6011, 6011, 16, 19], //   Discover
  [644, 649, 16, 19],
  [65, 65, 16, 19], //       Discover, RuPay, Elo
  [300, 305, 14, 19], //     Diners Club
  [3095, 3095, 14, 19],
  [36, 36, 14, 19],
  [38, 39, 14, 19],
  [3528, 3589, 16, 19], //   JCB
  [62, 62, 16, 19], //       UnionPay
  [81, 82, 16, 19], //       UnionPay, RuPay
  [50, 50, 13, 19], //       Maestro, RuPay, Elo, Verve
  [56, 58, 13, 19], //       Maestro
  [60, 60, 16, 16], //       RuPay, Hipercard
  [63, 63, 13, 19], //       Maestro, Elo
  [67, 67, 13, 19], //       Maestro
  [2200, 2204, 16, 19], //   Mir
  [9792, 9792, 16, 16], //   Troy
];

const MIN_DIGITS = 13;
const MAX_DIGITS = 19;
/** Groups of digits with a mark between each, or a few: wherever the scanner would take them together. */
const CHAIN = /\p{Nd}+(?:[^\p{L}\p{N}]{1,3}\p{Nd}+)*/gu;
const GROUP = /\p{Nd}+/gu;

/**
 * True where the text holds a number that a card network could have issued: of the right length and range, with the right check
 * digit, unbroken or in groups, as {@link findCardDigits} finds them. Stricter than the masking of card numbers, which asks for no
 * network: what is masked for nothing is no loss, what is refused for nothing is an order that cannot be paid.
 */
export function holdsCardNumber(text: string): boolean {
  if (text.length < MIN_DIGITS || findCardDigits(text).length === 0) return false;
  return holdsIssuedNumber(text) || (text.includes('%') && holdsIssuedNumber(unescaped(text)));
}

function holdsIssuedNumber(text: string): boolean {
  return (text.match(CHAIN) ?? []).some((chain) => {
    const groups = (chain.match(GROUP) ?? []).map(asciiDigits);
    return groups.some((_group, first) => beginsCardNumber(groups.slice(first)));
  });
}

/** What somebody percent-encoded once more than he had to. */
function unescaped(text: string): string {
  return text.replaceAll(/%([0-7][0-9A-Fa-f])/g, (_escape, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function beginsCardNumber(groups: readonly string[]): boolean {
  let number = '';
  for (const group of groups) {
    number += group;
    if (number.length > MAX_DIGITS) return false;
    if (number.length >= MIN_DIGITS && isIssued(number) && passesLuhn(number)) return true;
  }
  return false;
}

function isIssued(number: string): boolean {
  return NETWORKS.some(([from, to, minDigits, maxDigits]) => {
    const prefix = Number(number.slice(0, String(from).length));
    return prefix >= from && prefix <= to && number.length >= minDigits && number.length <= maxDigits;
  });
}

/** ISO/IEC 7812-1 annex B. */
function passesLuhn(number: string): boolean {
  let sum = 0;
  for (let place = 0; place < number.length; place += 1) {
    const digit = Number(number[number.length - 1 - place]);
    const counted = place % 2 === 0 ? digit : digit * 2;
    sum += counted > 9 ? counted - 9 : counted;
  }
  return sum % 10 === 0;
}

/** As the scanner reads them, in any script of the basic plane. Any other digit is no card's. */
function asciiDigits(digits: string): string {
  return digits.replaceAll(/[^0-9]/gu, (digit) => {
    const code = digit.codePointAt(0)!;
    const zero = ZEROS.find((start) => code >= start && code <= start + 9);
    return zero === undefined ? '#' : String(code - zero);
  });
}
