import { findCardNumbers } from './card-number-scanner.js';

/** From and to which leading digits, and how many digits in all. */
type NumberRange = readonly [from: number, to: number, minDigits: number, maxDigits: number];

/**
 * The ranges in which the networks issue cards (ISO/IEC 7812-1 and the networks' own publications). Visa's thirteen
 * digits, which have not been issued for decades, are left out: EAN-13 article numbers look like them.
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

/**
 * Whether the text holds a number that a card network could have issued: of the right length and range, with the right
 * check digit, unbroken or in groups. Stricter than masking, which checks no network: masking too much costs little,
 * but an order refused without need cannot be paid.
 */
export function holdsCardNumber(text: string): boolean {
  return findCardNumbers(text).some(({ chain, start, end }) =>
    isIssued(chain.digits.slice(start, end).join('')),
  );
}

function isIssued(number: string): boolean {
  return NETWORKS.some(([from, to, minDigits, maxDigits]) => {
    const prefix = Number(number.slice(0, String(from).length));
    return prefix >= from && prefix <= to && number.length >= minDigits && number.length <= maxDigits;
  });
}
