import { PAYMENT_STATES, type PaymentState } from '../../../src/payments/payment-state.js';
import { minorUnitDigits } from '../../../src/rules/currency.js';

/** What a line of a report can say of a payment, by our names. Only `paymentId` must have a column. */
export const REPORT_FIELDS = ['paymentId', 'amount', 'currency', 'state', 'refunded'] as const;

export type ReportField = (typeof REPORT_FIELDS)[number];

/** The column of the file that each field stands in. */
export type ReportColumns = { readonly paymentId: string } & Readonly<Partial<Record<ReportField, string>>>;

/** How a report writes amounts: 12.99, or 1299 in minor units. */
export type AmountNotation = 'decimal' | 'minor';

export interface ReportFormat {
  readonly columns: ReportColumns;
  /** Undefined: it has no amounts. */
  readonly amounts: AmountNotation | undefined;
  /** The external's words for states. A state of the ledger stands for itself. */
  readonly states: ReadonlyMap<string, PaymentState>;
}

/** One payment, as the external reports it. Amounts are in minor units. Null: the report has no such column. */
export interface ReportLine {
  /** Of the file, from 1: where the row begins. */
  readonly line: number;
  readonly paymentId: string;
  readonly amount: number | null;
  readonly currency: string | null;
  readonly state: PaymentState | null;
  readonly refunded: number | null;
}

/** What a decoder puts in place of bytes that are not UTF-8: U+FFFD. */
const NOT_UTF_8 = '\uFFFD';
/** The most that the contract knows (SPEC §2): 12 digits. */
const MAX_MINOR = 999_999_999_999;

/**
 * Reads the cells of a line, by the names of their columns. Returns the reason where it cannot be compared: nothing is
 * guessed.
 */
export function readLine(
  cells: Readonly<Record<string, string>>,
  line: number,
  { columns, amounts, states }: ReportFormat,
): ReportLine | string {
  const cell = (field: ReportField): string | null => {
    const column = columns[field];
    return column === undefined ? null : (cells[column] ?? '').trim();
  };
  const paymentId = cell('paymentId');
  if (!paymentId) return `has no ${columns.paymentId}`;
  if (paymentId.includes(NOT_UTF_8)) return `has a ${columns.paymentId} that is not UTF-8`;
  const currency = cell('currency');
  if (currency !== null && minorUnitDigits(currency) === undefined)
    return `has the currency "${currency}", which is no code of ISO 4217`;
  const word = cell('state');
  const state = word === null ? null : (states.get(word) ?? PAYMENT_STATES.find((each) => each === word));
  if (state === undefined) return `has the state "${word}", which --states does not name`;
  const values = { amount: cell('amount'), refunded: cell('refunded') };
  const minor: Record<'amount' | 'refunded', number | null> = { amount: null, refunded: null };
  for (const field of ['amount', 'refunded'] as const) {
    const text = values[field];
    if (text === null) continue;
    // An empty cell of what was refunded is a payment without refunds.
    const value = text === '' && field === 'refunded' ? 0 : minorUnits(text, amounts!, currency);
    if (value === undefined) return `has the ${field} "${text}", which is no amount${inCurrency(currency)}`;
    minor[field] = value;
  }
  return { line, paymentId, currency, state, ...minor };
}

/** `text` in minor units, or undefined if it is not exactly an amount. */
export function minorUnits(
  text: string,
  notation: AmountNotation,
  currency: string | null,
): number | undefined {
  const digits = notation === 'minor' ? 0 : minorUnitDigits(currency ?? '');
  if (digits === undefined) return undefined;
  const [, whole, fraction = ''] = /^(\d{1,12})(?:\.(\d+))?$/.exec(text) ?? [];
  // More digits than the currency has are no money unless they are zeros.
  if (whole === undefined || /[^0]/.test(fraction.slice(digits))) return undefined;
  if (notation === 'minor' && text.includes('.')) return undefined;
  const value = Number(whole + fraction.slice(0, digits).padEnd(digits, '0'));
  return value <= MAX_MINOR ? value : undefined;
}

function inCurrency(currency: string | null): string {
  return currency === null ? '' : ` in ${currency}`;
}
