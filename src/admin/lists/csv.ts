/**
 * The places of a text where a spreadsheet could begin a cell: its start, and what follows the separator of any list.
 * The characters that begin a formula (OWASP, CSV Injection) may follow white space and quotation marks, which
 * spreadsheets drop, and invisible characters.
 */
const FORMULA = /(^|[,;|\t\r\n])([\s"\p{DI}]*)(?=[=+\-@＝＋－＠﹦﹢﹣﹫−])/gu;
const CONTROL_START = /^[\t\r\n]/;
/** In any list separator that spreadsheets use, not in the comma alone. */
const SPECIAL = /[",;|\t\r\n]/;

type Cell = string | number | undefined;

/**
 * CSV by RFC 4180, in UTF-8: the names of the columns, then a line for each row. A payer may choose the text, and an
 * operator opens the file, with commas or another separator: wherever a spreadsheet could begin a formula, there is an
 * apostrophe before it, and every such text is quoted.
 */
export function csvOf<Row extends object>(
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): string {
  return [`${columns.join(',')}\r\n`, ...rows.map((row) => csvLine(columns, row))].join('');
}

/** The line of one row, with its end. */
export function csvLine<Row extends object>(columns: readonly (keyof Row & string)[], row: Row): string {
  return `${columns.map((column) => cellOf(row[column] as Cell)).join(',')}\r\n`;
}

function cellOf(value: Cell): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const harmless = value.replaceAll(FORMULA, "$1$2'");
  const text = CONTROL_START.test(harmless) ? `'${harmless}` : harmless;
  return text !== value || SPECIAL.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
