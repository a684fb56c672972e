import { csvLine, csvOf } from '../../../src/admin/lists/csv.js';
import type { Counts, Finding } from './reconcile.js';

/** A way to write findings: `head`, a text for each, and `tail`, so that nothing is kept in memory. */
export interface FindingFormat {
  readonly head: string;
  finding(finding: Finding, index: number): string;
  tail(counts: Counts): string;
}

const CELLS = ['kind', 'line', 'paymentId', 'payment', 'field', 'report', 'ledger', 'reason'] as const;

export const JSON_FORMAT: FindingFormat = {
  head: '{"findings":[',
  finding: (finding, index) => `${index > 0 ? ',' : ''}\n${JSON.stringify(finding)}`,
  tail: (counts) => `\n],"counts":${JSON.stringify(counts)}}\n`,
};

export const CSV_FORMAT: FindingFormat = {
  head: csvOf<Finding>(CELLS, []),
  // A side that knows nothing is an empty cell.
  finding: ({ report, ledger, ...rest }) =>
    csvLine<Finding>(CELLS, {
      ...rest,
      ...(report != null && { report }),
      ...(ledger != null && { ledger }),
    }),
  tail: () => '',
};

/** For people: what it is, where, and what each side says. */
export const TABLE_FORMAT: FindingFormat = {
  head: '',
  finding({ kind, line, paymentId = '', payment = '', field, report, ledger, reason = '' }) {
    const where = line === undefined ? '' : `line ${line}`;
    const what =
      field === undefined ? reason : `${field}: report ${String(report)}, ledger ${String(ledger)}`;
    return `${kind.padEnd(13)}  ${where.padEnd(12)}  ${paymentId.padEnd(24)}  ${what}${payment && `  (${payment})`}\n`;
  },
  tail: () => '',
};

/** Whether both sides are the same. */
export function agrees(counts: Counts): boolean {
  return found(counts).length === 0;
}

/** One line: the outcome. */
export function summaryOf(counts: Counts): string {
  const kinds = found(counts).map(([kind, count]) => `, ${count} ${kind}`);
  return `${counts.lines} lines, ${counts.agreed} agree${kinds.join('')}`;
}

function found({ lines: _lines, agreed: _agreed, ...kinds }: Counts): readonly [string, number][] {
  return Object.entries(kinds).filter(([, count]) => count > 0);
}
