import { InvalidArgumentError } from 'commander';
import { PAYMENT_STATES, type PaymentState } from '../../../src/payments/payment-state.js';
import { REPORT_FIELDS, type ReportColumns, type ReportField } from './report-line.js';

/** `FIELD=COLUMN,…`; a column may contain an equals sign, and no comma. */
export function columnsOption(text: string): ReportColumns {
  const columns: Partial<Record<ReportField, string>> = {};
  for (const [name, column] of pairs(text, 'FIELD=COLUMN')) {
    const field = REPORT_FIELDS.find((each) => each === name);
    if (field === undefined) throw new InvalidArgumentError(`A field is one of ${REPORT_FIELDS.join(', ')}.`);
    columns[field] = column;
  }
  const { paymentId } = columns;
  if (paymentId === undefined) throw new InvalidArgumentError('It must name the column of paymentId.');
  return { ...columns, paymentId };
}

/** `WORD=STATE,…` */
export function statesOption(text: string): ReadonlyMap<string, PaymentState> {
  return new Map(
    pairs(text, 'WORD=STATE').map(([word, name]) => {
      const state = PAYMENT_STATES.find((each) => each === name);
      if (state === undefined)
        throw new InvalidArgumentError(`A state is one of ${PAYMENT_STATES.join(', ')}.`);
      return [word, state];
    }),
  );
}

export function delimiterOption(text: string): string {
  const delimiter = text === String.raw`\t` ? '\t' : text;
  if (delimiter.length === 1) return delimiter;
  throw new InvalidArgumentError(String.raw`It must be one character, or \t.`);
}

function pairs(text: string, form: string): readonly [string, string][] {
  return text.split(',').map((part) => {
    const at = part.indexOf('=');
    if (at < 1 || at === part.length - 1)
      throw new InvalidArgumentError(`It must be comma-separated ${form}.`);
    return [part.slice(0, at).trim(), part.slice(at + 1).trim()];
  });
}
