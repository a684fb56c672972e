import type { Book, BookedPayment, BookedRefund, BookedSubscription } from './book.js';
import type { CallbackCounts } from './callback-sender.js';
import type { CallCounts } from './external.js';
import type { IdempotentAnswers } from './idempotent-answers.js';

export interface BookReport {
  readonly totals: {
    /** State-changing calls by result. */
    readonly calls: CallCounts;
    readonly payments: Readonly<Record<BookedPayment['status'], number>>;
    readonly refunds: number;
    readonly subscriptions: number;
    /** Records evicted from memory; the lists do not contain them. */
    readonly dropped: number;
    readonly callbacks: CallbackCounts;
  };
  /** Orders and idempotency keys that took money more than once, or still may. Both lists must stay empty. */
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

/** Limits the lists (not the totals) to one payment or one order. */
export interface BookFilter {
  readonly paymentId?: string | null;
  readonly shopTransactionId?: string | null;
}

export interface ReportSources {
  readonly book: Book;
  readonly answers: IdempotentAnswers;
  readonly calls: CallCounts;
  readonly callbacks: CallbackCounts;
}

/** The body of `GET /book`. Times are ISO 8601, amounts are minor units. */
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
    payments: book.payments.values().filter(wanted).map(toJson).toArray(),
    refunds: book.refunds.values().filter(wanted).map(toJson).toArray(),
    subscriptions: book.subscriptions.values().filter(wanted).map(toJson).toArray(),
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

/** A failed payment may be retried, so only accepted and pending ones count. */
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

/** A record without the simulator's internal fields. */
function toJson(record: BookedPayment | BookedRefund | BookedSubscription): object {
  const json = { ...record, createdAt: new Date(record.createdAt).toISOString() };
  if ('updatedAt' in record) Object.assign(json, { updatedAt: new Date(record.updatedAt).toISOString() });
  return { ...json, plan: undefined, expireData: undefined };
}
