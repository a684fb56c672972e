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

const MIN_DIGITS = 13;

/** By the first four digits of a number: a bit for each length that is issued, from 13 digits on. */
const ISSUED_LENGTHS = new Uint8Array(10_000);
for (const [from, to, minDigits, maxDigits] of NETWORKS) {
  const scale = 10 ** (4 - String(from).length);
  for (let digits = minDigits; digits <= maxDigits; digits += 1) {
    for (let prefix = from * scale; prefix < (to + 1) * scale; prefix += 1)
      ISSUED_LENGTHS[prefix]! |= 1 << (digits - MIN_DIGITS);
  }
}

/** Whether a network issues numbers of this length that begin with these four digits. */
export function isIssued(firstFour: number, digits: number): boolean {
  return ((ISSUED_LENGTHS[firstFour]! >> (digits - MIN_DIGITS)) & 1) === 1;
}
