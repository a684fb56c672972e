import type { Book } from './book.js';
import type { BookedPayment, BookedRefund, BookedSubscription } from './records.js';
import type { CallbackSender } from './callbacks.js';
import type { ContractApi } from './operations.js';

/** Limits the lists (not the totals) to one payment or one order. */
export interface BookFilter {
  readonly paymentId?: string | undefined;
  readonly shopTransactionId?: string | undefined;
}

export interface ReportSources {
  readonly book: Book;
  readonly contract: ContractApi;
  readonly callbacks: CallbackSender;
}

export interface BookReport {
  readonly totals: {
    /** State-changing calls by result. */
    readonly calls: ContractApi['counts'];
    readonly payments: Record<BookedPayment['status'], number>;
    readonly refunds: number;
    readonly subscriptions: number;
    /** Records evicted from memory; the lists do not contain them. */
    readonly dropped: number;
    readonly callbacks: CallbackSender['counts'];
  };
  /** Orders and idempotency keys that took money more than once, or still may. Both lists must stay empty. */
  readonly doubles: {
    readonly byShopTransactionId: { shopTransactionId: string; executions: number; paymentIds: string[] }[];
    readonly byIdempotencyKey: { path: string; idempotencyKey: string; executions: number }[];
  };
  readonly payments: object[];
  readonly refunds: object[];
  readonly subscriptions: object[];
}

/** The body of `GET /book`. Times are ISO 8601, amounts are minor units. */
export function reportOf(sources: ReportSources, filter: BookFilter = {}): BookReport {
  const { book, contract } = sources;
  const matches = (record: BookFilter): boolean =>
    (!filter.paymentId || record.paymentId === filter.paymentId) &&
    (!filter.shopTransactionId || record.shopTransactionId === filter.shopTransactionId);
  return {
    totals: totalsOf(sources),
    doubles: {
      byShopTransactionId: doublesByOrder(book),
      byIdempotencyKey: contract
        .repeatedKeys()
        .map(({ path, idempotencyKey, executions }) => ({ path, idempotencyKey, executions })),
    },
    payments: book.payments.values().filter(matches).map(toJson).toArray(),
    refunds: book.refunds.values().filter(matches).map(toJson).toArray(),
    subscriptions: book.subscriptions.values().filter(matches).map(toJson).toArray(),
  };
}

export function totalsOf({ book, contract, callbacks }: ReportSources): BookReport['totals'] {
  const payments = { ACCEPTED: 0, FAILED: 0, PENDING: 0 };
  for (const { status } of book.payments.values()) payments[status] += 1;
  return {
    calls: { ...contract.counts },
    payments,
    refunds: book.refunds.size,
    subscriptions: book.subscriptions.size,
    dropped: book.payments.dropped + book.refunds.dropped + book.subscriptions.dropped,
    callbacks: { ...callbacks.counts },
  };
}

/** A failed payment may be retried, so only accepted and pending ones count. */
function doublesByOrder(book: Book): BookReport['doubles']['byShopTransactionId'] {
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
