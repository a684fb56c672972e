import type { Book, BookedPayment, BookedRefund, BookedSubscription } from './book.js';
import type { CallbackTally } from './callback-sender.js';
import type { CallTally } from './external.js';
import type { IdempotentAnswers } from './idempotent-answers.js';

export interface BookReport {
  readonly totals: {
    /** State-changing calls, by what became of them. */
    readonly calls: CallTally;
    readonly payments: Readonly<Record<BookedPayment['status'], number>>;
    readonly refunds: number;
    readonly subscriptions: number;
    /** Old records that made room for newer ones, and that this report no longer shows. */
    readonly dropped: number;
    readonly callbacks: CallbackTally;
  };
  /** What must stay empty: money that moved, or may yet, more than once for one order or one `Idempotency-Key`. */
  readonly doubles: {
    readonly byShopTransactionId: readonly {
      shopTransactionId: string;
      executions: number;
      paymentIds: string[];
    }[];
    readonly byIdempotencyKey: readonly { path: string; idempotencyKey: string; executions: number }[];
  };
  readonly payments: readonly object[];
  readonly refunds: readonly object[];
  readonly subscriptions: readonly object[];
}

/** Narrows the lists (not the totals) to one payment or one order. */
export interface BookFilter {
  readonly paymentId?: string | null;
  readonly shopTransactionId?: string | null;
}

/** What a report is made of. */
export interface ReportSources {
  readonly book: Book;
  readonly answers: IdempotentAnswers;
  readonly calls: CallTally;
  readonly callbacks: CallbackTally;
}

/** What `GET /book` tells. Times are ISO 8601, amounts are minor units. */
export function reportOf(sources: ReportSources, filter: BookFilter = {}): BookReport {
  const { book, answers } = sources;
  const wanted = (record: { paymentId?: string; shopTransactionId?: string }): boolean =>
    (!filter.paymentId || record.paymentId === filter.paymentId) &&
    (!filter.shopTransactionId || record.shopTransactionId === filter.shopTransactionId);
  return {
    totals: totalsOf(sources),
    doubles: {
      byShopTransactionId: doublesByOrder(book),
      byIdempotencyKey: answers
        .doubles()
        .map(({ path, idempotencyKey, executions }) => ({ path, idempotencyKey, executions })),
    },
    payments: book.payments.values().filter(wanted).map(readable).toArray(),
    refunds: book.refunds.values().filter(wanted).map(readable).toArray(),
    subscriptions: book.subscriptions.values().filter(wanted).map(readable).toArray(),
  };
}

export function totalsOf({ book, calls, callbacks }: ReportSources): BookReport['totals'] {
  return {
    calls: { ...calls },
    payments: countByStatus(book),
    refunds: book.refunds.size,
    subscriptions: book.subscriptions.size,
    dropped: book.payments.dropped + book.refunds.dropped + book.subscriptions.dropped,
    callbacks: { ...callbacks },
  };
}

function countByStatus(book: Book): Record<BookedPayment['status'], number> {
  const counts = { ACCEPTED: 0, FAILED: 0, PENDING: 0 };
  for (const { status } of book.payments.values()) counts[status] += 1;
  return counts;
}

/** A declined payment may be tried again: only those that took money, or may yet, count. */
function doublesByOrder(
  book: Book,
): { shopTransactionId: string; executions: number; paymentIds: string[] }[] {
  return book
    .orders()
    .map((payments) => payments.filter(({ status }) => status !== 'FAILED'))
    .filter((payments) => payments.length > 1)
    .map((payments) => ({
      shopTransactionId: payments[0]!.shopTransactionId,
      executions: payments.length,
      paymentIds: payments.map(({ paymentId }) => paymentId),
    }))
    .toArray();
}

/** A record as JSON should show it, without what is only the simulator's business. */
function readable(record: BookedPayment | BookedRefund | BookedSubscription): object {
  const shown = { ...record, createdAt: new Date(record.createdAt).toISOString() };
  if ('updatedAt' in record) Object.assign(shown, { updatedAt: new Date(record.updatedAt).toISOString() });
  return { ...shown, plan: undefined, expireData: undefined };
}
