import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ReportLine } from './report-line.js';

/** Of pages in memory: what a run takes does not grow with the report. */
const CACHE_KIB = 65_536;
const PAGE_LINES = 500;

/**
 * The lines of a report by `paymentId`, on the disk: a file of SQLite without a name, which is gone with the process
 * (https://sqlite.org/inmemorydb.html, temporary databases).
 */
export class ReportIndex {
  readonly #database = new DatabaseSync('');
  readonly #add: StatementSync;
  readonly #find: StatementSync;
  readonly #compared: StatementSync;
  readonly #rest: StatementSync;

  constructor() {
    this.#database.exec(`
      pragma journal_mode = off;
      pragma synchronous = off;
      pragma cache_size = -${CACHE_KIB};
      create table lines (
        paymentId text primary key, line integer, amount integer, currency text, state text, refunded integer,
        compared integer default 0
      ) strict, without rowid;
      begin`);
    this.#add = this.#database.prepare(
      'insert into lines (paymentId, line, amount, currency, state, refunded) values (?, ?, ?, ?, ?, ?) on conflict do nothing',
    );
    this.#find = this.#database.prepare('select line from lines where paymentId = ?');
    this.#compared = this.#database.prepare(
      'update lines set compared = 1 where paymentId = ? returning paymentId, line, amount, currency, state, refunded',
    );
    this.#rest = this.#database.prepare(
      `select paymentId, line, amount, currency, state, refunded from lines
       where paymentId > ? and compared = 0 order by paymentId limit ${PAGE_LINES}`,
    );
  }

  /**
   * Returns the number of the earlier line with the same `paymentId`, which stays.
   * @throws {CommandError} `unreachable` if the temporary file cannot be written
   */
  add(reported: ReportLine): number | undefined {
    const { paymentId, line, amount, currency, state, refunded } = reported;
    const { changes } = this.#write(() => this.#add.run(paymentId, line, amount, currency, state, refunded));
    return changes === 1 ? undefined : (this.#find.get(paymentId)!['line'] as number);
  }

  /** The line of `paymentId`; {@link rest} leaves it out from now on. */
  take(paymentId: string): ReportLine | undefined {
    return this.#write(() => this.#compared.get(paymentId)) as ReportLine | undefined;
  }

  /** Pages of the lines that nobody took. */
  *rest(): Generator<readonly ReportLine[]> {
    for (let last = ''; ;) {
      const page = this.#rest.all(last) as unknown as ReportLine[];
      if (page.length === 0) return;
      yield page;
      last = page.at(-1)!.paymentId;
    }
  }

  /** A full disk must not end as an exit code that says that the two sides differ. */
  #write<T>(statement: () => T): T {
    try {
      return statement();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SQLITE_ERROR') throw error;
      throw new CommandError(
        `the temporary file cannot be written (${(error as Error).message}): free space on its disk, or set ` +
          'SQLITE_TMPDIR to a folder on another one',
        EXIT.unreachable,
      );
    }
  }

  close(): void {
    this.#database.close();
  }
}
