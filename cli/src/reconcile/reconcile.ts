import { setImmediate } from 'node:timers/promises';
import type { LedgerReader } from '../../../src/persistence/ledger-reader.js';
import type { PaymentState } from '../../../src/payments/payment-state.js';
import type { Trx } from '../../../src/persistence/store.js';
import { identifierFloor } from '../../../src/shared/identifier.js';
import { ReportIndex } from './report-index.js';
import type { ReportLine } from './report-line.js';

/** Payments that one query of the ledger reads: few enough to be collected young. */
const PAGE_ROWS = 500;
/** Sorts after the hexadecimal digits of every id. */
const AFTER_ALL = 'pay_g';

/** The fields that are compared where the report has them. */
const COMPARED = ['amount', 'currency', 'state', 'refunded'] as const;

export type FindingKind =
  /** The report has it, the ledger has not. */
  | 'not-in-ledger'
  /** An ACCEPTED payment of the period that the report does not have. */
  | 'not-in-report'
  /** Both have it, and `field` is another. */
  | 'differs'
  /** A later line with a `paymentId` that an earlier one has; it is not compared. */
  | 'repeated'
  /** A line that cannot be compared. */
  | 'unreadable';

/** Something that the two sides do not agree on. Amounts are in minor units. */
export interface Finding {
  readonly kind: FindingKind;
  /** Of the report. */
  readonly line?: number;
  readonly paymentId?: string;
  /** The gateway's own id, `pay_…`. */
  readonly payment?: string;
  readonly field?: (typeof COMPARED)[number];
  readonly report?: string | number | null;
  readonly ledger?: string | number | null;
  readonly reason?: string;
}

export interface Counts extends Readonly<Record<FindingKind, number>> {
  /** Of the report, without its header. */
  readonly lines: number;
  /** Payments that are the same on both sides. */
  readonly agreed: number;
}

/** A line of the report, or the reason why it cannot be compared. */
export type LineRead = ReportLine | { readonly line: number; readonly reason: string };

export interface Period {
  /** Milliseconds since the epoch, inclusive. Undefined: from the first payment on. */
  readonly since: number | undefined;
  /** Exclusive. Undefined: up to the last payment. */
  readonly until: number | undefined;
}

interface LedgerPayment {
  readonly id: string;
  readonly payment_id: string | null;
  readonly amount_minor: number | null;
  readonly currency: string | null;
  readonly state: PaymentState;
  readonly refunded_minor: number;
}

/**
 * Compares a report with the payments of `external`, by `paymentId`. Every line is looked up, whenever its payment was
 * made; `period` says which ACCEPTED payments the report must have. Yields findings as they are found, and returns the
 * counts. Neither side is held in memory, only a page of each.
 */
export async function* reconcile(
  lines: AsyncIterable<readonly LineRead[]>,
  ledger: LedgerReader,
  external: string,
  { since, until }: Period,
): AsyncGenerator<Finding, Counts> {
  const index = new ReportIndex();
  const counts = {
    lines: 0,
    agreed: 0,
    'not-in-ledger': 0,
    'not-in-report': 0,
    differs: 0,
    repeated: 0,
    unreadable: 0,
  };
  const found = (finding: Finding): Finding => {
    counts[finding.kind] += 1;
    return finding;
  };
  const compare = (line: ReportLine, payment: LedgerPayment): readonly Finding[] => {
    const findings = differences(line, payment);
    if (findings.length === 0) counts.agreed += 1;
    return findings;
  };
  try {
    for await (const some of lines) {
      counts.lines += some.length;
      for (const read of some) {
        if ('reason' in read) {
          yield found({ kind: 'unreadable', ...read });
          continue;
        }
        const earlier = index.add(read);
        if (earlier === undefined) continue;
        const { line, paymentId } = read;
        yield found({ kind: 'repeated', line, paymentId, reason: `is in line ${earlier} too` });
      }
    }
    const from = since === undefined ? 'pay_' : identifierFloor('pay', since);
    const to = until === undefined ? AFTER_ALL : identifierFloor('pay', until);
    for await (const page of paymentsBetween(ledger, external, from, to)) {
      for (const payment of page) {
        const line = payment.payment_id === null ? undefined : index.take(payment.payment_id);
        if (line !== undefined) {
          for (const finding of compare(line, payment)) yield found(finding);
        } else if (payment.state === 'ACCEPTED') {
          yield found(notInReport(payment));
        }
      }
    }
    for (const page of index.rest()) {
      const payments = await ledger.read((db) => paymentsOf(db, external, page));
      for (const line of page) {
        const payment = payments.get(line.paymentId);
        const findings = payment === undefined ? [notInLedger(line)] : compare(line, payment);
        for (const finding of findings) yield found(finding);
      }
      await nextTurn();
    }
    return counts;
  } finally {
    index.close();
  }
}

/** Whether the ledger has a payment of the external at all: a mistyped name has none. */
export async function knowsExternal(ledger: LedgerReader, external: string): Promise<boolean> {
  const payment = await ledger.read((db) =>
    db.selectFrom('payments').select('id').where('external', '=', external).limit(1).executeTakeFirst(),
  );
  return payment !== undefined;
}

/**
 * SQLite answers without waiting: a ledger is read in one turn of the event loop, and what the engine frees between turns,
 * such as prepared statements, would stay until the end.
 */
const nextTurn = (): Promise<void> => setImmediate();

const COLUMNS = ['id', 'payment_id', 'amount_minor', 'currency', 'state', 'refunded_minor'] as const;

/** Ids are ordered by time, so a range of time is a range of ids. */
async function* paymentsBetween(
  ledger: LedgerReader,
  external: string,
  from: string,
  to: string,
): AsyncGenerator<readonly LedgerPayment[]> {
  for (let last = from; ;) {
    const page: readonly LedgerPayment[] = await ledger.read((db) =>
      db
        .selectFrom('payments')
        .select(COLUMNS)
        .where('id', '>', last)
        .where('id', '<', to)
        .where('external', '=', external)
        .orderBy('id')
        .limit(PAGE_ROWS)
        .execute(),
    );
    yield page;
    await nextTurn();
    if (page.length < PAGE_ROWS) return;
    last = page.at(-1)!.id;
  }
}

async function paymentsOf(
  db: Trx,
  external: string,
  lines: readonly ReportLine[],
): Promise<ReadonlyMap<string, LedgerPayment>> {
  const rows = await db
    .selectFrom('payments')
    .select(COLUMNS)
    .where('external', '=', external)
    .where(
      'payment_id',
      'in',
      lines.map(({ paymentId }) => paymentId),
    )
    .execute();
  return new Map(rows.map((row) => [row.payment_id!, row]));
}

function differences(line: ReportLine, payment: LedgerPayment): readonly Finding[] {
  const known = {
    amount: payment.amount_minor,
    currency: payment.currency,
    state: payment.state,
    refunded: payment.refunded_minor,
  };
  return COMPARED.filter((field) => line[field] !== null && line[field] !== known[field]).map((field) => ({
    kind: 'differs',
    line: line.line,
    paymentId: line.paymentId,
    payment: payment.id,
    field,
    report: line[field],
    ledger: known[field],
  }));
}

function notInReport({ id, payment_id, amount_minor, currency }: LedgerPayment): Finding {
  return {
    kind: 'not-in-report',
    ...(payment_id !== null && { paymentId: payment_id }),
    payment: id,
    reason: `${amount_minor ?? 'an unknown amount'} ${currency ?? ''}`.trim(),
  };
}

function notInLedger({ line, paymentId, amount, currency }: ReportLine): Finding {
  return {
    kind: 'not-in-ledger',
    line,
    paymentId,
    ...(amount !== null && { reason: `${amount} ${currency ?? ''}`.trim() }),
  };
}
