import { minorUnitDigits } from '../../../src/rules/currency.js';

/**
 * The digits of a currency’s minor unit, as the gateway has them (ISO 4217). Browsers follow CLDR, which has fewer for some:
 * IQD would be shown a thousand times too large.
 */
export function digitsOf(currency: string): number {
  return minorUnitDigits(currency) ?? 2;
}

/** The decimal text of an amount in minor units, exact: 1299 EUR is `12.99`. */
export function decimalOf(minor: number, currency: string): string {
  const digits = digitsOf(currency);
  const text = String(Math.abs(minor)).padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  const sign = minor < 0 ? '-' : '';
  return digits === 0 ? sign + whole : `${sign}${whole}.${text.slice(-digits)}`;
}

const numberFormats = new Map<string, Intl.NumberFormat>();

/** Made once for each: that takes longer than a row of a list has. */
function numberFormat(locale: string | undefined, digits: number): Intl.NumberFormat {
  const key = `${locale ?? ''} ${digits}`;
  const made =
    numberFormats.get(key) ??
    new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  numberFormats.set(key, made);
  return made;
}

/** An amount as a person writes it, with the currency’s code: two currencies may share a sign. */
export function formatMoney(
  minor: number | undefined,
  currency: string | undefined,
  locale?: string,
): string {
  if (minor === undefined || currency === undefined) return '–';
  return `${formatAmount(minor, currency, locale)} ${currency}`;
}

/** An amount as a person writes it beside its currency. */
export function formatAmount(minor: number, currency: string, locale?: string): string {
  const format = numberFormat(locale, digitsOf(currency));
  // A decimal text keeps every digit, where a number would round.
  return format.format(decimalOf(minor, currency) as Intl.StringNumericLiteral);
}

/**
 * Reads what a person types as an amount of `currency`; undefined where it is none or has too many digits. The page's own
 * format is read back as it was meant: where `1,234` is a thousand, it is one here too. Elsewhere a comma or a dot is
 * the decimal sign.
 */
export function parseAmount(text: string, currency: string, locale?: string): number | undefined {
  const plain = withoutGroups(text.trim().replaceAll(/[\s’']/g, ''), locale);
  const match = /^(\d{1,12})(?:[.,](\d+))?$/.exec(plain);
  if (!match) return undefined;
  const [, whole = '', fraction = ''] = match;
  const digits = digitsOf(currency);
  if (fraction.length > digits) return undefined;
  const minor = Number(whole + fraction.padEnd(digits, '0'));
  return Number.isSafeInteger(minor) ? minor : undefined;
}

/** Removes the separators of groups of digits, if all of them stand where the locale puts them. */
function withoutGroups(text: string, locale: string | undefined): string {
  const parts = new Intl.NumberFormat(locale).formatToParts(1_234_567.8);
  const separator = parts.find(({ type }) => type === 'group')?.value;
  if (separator === ',')
    return /^\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?$/.test(text) ? text.replaceAll(',', '') : text;
  if (separator === '.') return /^\d{1,3}(?:\.\d{3})+(?:,\d+)?$/.test(text) ? text.replaceAll('.', '') : text;
  return text;
}

/** Reads `12.99 EUR` or `EUR 12.99`; undefined where it names no currency, as the order `INV1001`. */
export function parseMoney(
  text: string,
  locale?: string,
): { readonly amount: number; readonly currency: string } | undefined {
  const match = /^(?:([A-Za-z]{3})\s*([\d.,'’\s]+)|([\d.,'’\s]+?)\s*([A-Za-z]{3}))$/.exec(text.trim());
  if (!match) return undefined;
  const currency = (match[1] ?? match[4] ?? '').toUpperCase();
  if (minorUnitDigits(currency) === undefined) return undefined;
  const amount = parseAmount(match[2] ?? match[3] ?? '', currency, locale);
  return amount === undefined ? undefined : { amount, currency };
}
