import { createReadStream } from 'node:fs';
import { CsvError, parse } from 'csv-parse';
import { CommandError, EXIT } from '../exit-codes.js';
import type { LineRead } from './reconcile.js';
import { readLine, type ReportFormat } from './report-line.js';

const MAX_LINE_CHARACTERS = 131_072;
const LINE_END_CHARACTER = /[\r\n]/g;
const CRLF = /\r\n/g;

/**
 * The lines of a CSV file (RFC 4180, UTF-8, with a header), one after the other.
 * @throws {CommandError} `usage` if the file cannot be read, is no CSV, or lacks a column
 */
export async function* readReport(
  path: string,
  delimiter: string,
  format: ReportFormat,
): AsyncGenerator<LineRead> {
  const file = createReadStream(path);
  const parser = file.pipe(
    parse({
      bom: true,
      delimiter,
      info: true,
      max_record_size: MAX_LINE_CHARACTERS,
      relax_column_count: true,
      skip_empty_lines: true,
    }),
  );
  file.once('error', (error) => parser.destroy(error));
  try {
    let header: readonly string[] | undefined;
    let countedTwice = 0;
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      const text = record.join('');
      // The parser names the line that a row ends in, and counts a CRLF between quotes as two lines.
      const line = info.lines - countedTwice - countOf(LINE_END_CHARACTER, text);
      countedTwice += countOf(CRLF, text);
      if (header === undefined) {
        header = record;
        assertColumns(path, header, format);
        continue;
      }
      const read =
        record.length === header.length
          ? readLine(cellsOf(header, record), line, format)
          : misaligned(record, header);
      yield typeof read === 'string' ? { line, reason: read } : read;
    }
    if (header === undefined) throw new CommandError(`${path} is empty`, EXIT.usage);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (error instanceof CsvError)
      throw new CommandError(`${path} is not valid CSV: ${error.message}`, EXIT.usage);
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new CommandError(`${path} cannot be read: ${(error as Error).message}`, EXIT.usage);
  } finally {
    file.destroy();
  }
}

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

function countOf(pattern: RegExp, text: string): number {
  return text.match(pattern)?.length ?? 0;
}

function cellsOf(header: readonly string[], record: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(header.map((column, at) => [column, record[at]!]));
}

/** An amount with a comma that is not quoted is two cells: what follows it would be read as something else. */
function misaligned(record: readonly string[], header: readonly string[]): string {
  return `has ${record.length} cells, the header ${header.length}`;
}

/** A header that is one cell was written with another delimiter. */
function hintOf(header: readonly string[]): string {
  const delimiter = header.length === 1 && /[;\t|,]/.exec(header[0]!)?.[0];
  if (!delimiter) return '';
  return `, which is one column: try --delimiter '${delimiter === '\t' ? String.raw`\t` : delimiter}'`;
}

function assertColumns(path: string, header: readonly string[], { columns }: ReportFormat): void {
  for (const column of Object.values(columns)) {
    const count = header.filter((name) => name === column).length;
    if (count === 0)
      throw new CommandError(
        `${path} has no column ${column}; its first line names ${header.join(', ')}${hintOf(header)}`,
        EXIT.usage,
      );
    if (count > 1) throw new CommandError(`${path} has ${count} columns named ${column}`, EXIT.usage);
  }
}
