/** The characters that begin a formula in spreadsheets (OWASP, CSV Injection). */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;
const SPECIAL = /[",\r\n]/;

type Cell = string | number | undefined;

/**
 * CSV by RFC 4180, in UTF-8: the names of the columns, then a line for each row. A text that a spreadsheet would run
 * as a formula gets a leading apostrophe: a payer may choose the text, and an operator opens the file.
 */
export function csvOf<Row extends object>(
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): string {
  const lines = rows.map((row) => columns.map((column) => cellOf(row[column] as Cell)).join(','));
  return [columns.join(','), ...lines, ''].join('\r\n');
}

function cellOf(value: Cell): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return SPECIAL.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
