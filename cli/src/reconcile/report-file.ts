import { createReadStream } from 'node:fs';
import { CsvError, parse } from 'csv-parse';
import { CommandError, EXIT } from '../exit-codes.js';
import type { LineRead } from './reconcile.js';
import { readLine, type ReportFormat } from './report-line.js';

const MAX_LINE_CHARACTERS = 131_072;
const LINE_END_CHARACTER = /[\r\n]/g;
const CRLF = /\r\n/g;

/**
 * The lines of a CSV file (RFC 4180, UTF-8, with a header), one chunk of the file after the other: with a promise for each
 * line, memory would grow until the engine collects what is left of them.
 * @throws {CommandError} `usage` if the file cannot be read, is no CSV, or lacks a column
 */
export async function* readReport(
  path: string,
  delimiter: string,
  format: ReportFormat,
): AsyncGenerator<readonly LineRead[]> {
  const file = createReadStream(path);
  const lines = new Lines(path, format);
  const parser = parse({
    bom: true,
    delimiter,
    max_record_size: MAX_LINE_CHARACTERS,
    relax_column_count: true,
    skip_empty_lines: true,
    on_record: (record: readonly string[], info) => {
      lines.add(record, info.lines);
      return null;
    },
  });
  // Each call below reports it.
  parser.on('error', () => {});
  try {
    for await (const chunk of file as AsyncIterable<Buffer>) {
      await new Promise<void>((resolve, reject) => {
        parser.write(chunk, (error) => (error ? reject(error) : resolve()));
      });
      yield lines.take();
    }
    await new Promise<void>((resolve, reject) => {
      parser.end((error?: Error | null) => (error ? reject(error) : resolve()));
    });
    if (!lines.hasHeader) throw new CommandError(`${path} is empty`, EXIT.usage);
    yield lines.take();
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (error instanceof CsvError)
      throw new CommandError(`${path} is not valid CSV: ${error.message}`, EXIT.usage);
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new CommandError(`${path} cannot be read: ${(error as Error).message}`, EXIT.usage);
  } finally {
    file.destroy();
    parser.destroy();
  }
}

/** Makes lines of the rows of a CSV file. */
class Lines {
  #header: readonly string[] | undefined;
  #countedTwice = 0;
  #lines: LineRead[] = [];

  constructor(
    private readonly path: string,
    private readonly format: ReportFormat,
  ) {}

  get hasHeader(): boolean {
    return this.#header !== undefined;
  }

  /** The parser names the line that a row ends in, and counts a CRLF between quotes as two lines. */
  add(record: readonly string[], endsIn: number): void {
    const text = record.join('');
    const line = endsIn - this.#countedTwice - countOf(LINE_END_CHARACTER, text);
    this.#countedTwice += countOf(CRLF, text);
    if (this.#header === undefined) {
      assertColumns(this.path, record, this.format);
      this.#header = record;
      return;
    }
    const read =
      record.length === this.#header.length
        ? readLine(cellsOf(this.#header, record), line, this.format)
        : misaligned(record, this.#header);
    this.#lines.push(typeof read === 'string' ? { line, reason: read } : read);
  }

  /** What was added since the last call. */
  take(): readonly LineRead[] {
    const taken = this.#lines;
    this.#lines = [];
    return taken;
  }
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
