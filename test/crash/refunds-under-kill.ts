import { SHOWED_NOTHING } from './caller.js';
import type { LedgerReader } from './ledger-reader.js';

/** Refunds of a kill run: refused, executed, pending, sent back, and of unknown outcome; and their audit afterwards. */

/** `providerData` of refunds for the simulator: their ends differ. */
export const REFUND_PLANS = [
  { scenario: 'ok' },
  { scenario: 'slow', delayMs: 30 },
  { scenario: 'decline' },
  { scenario: 'reset' },
  // Answered 500 and not executed: only "never seen", said twice, ends it.
  { scenario: 'error-500' },
  { scenario: 'refund-pending', delayMs: 300 },
  { scenario: 'refund-pending', delayMs: 1_000, finalStatus: 'FAILED' },
  { scenario: 'refund-reversed', delayMs: 300 },
  { scenario: 'pending', delayMs: 300 },
];
const END_LIMIT_MS = 120_000;

interface Answered {
  readonly status: number;
  readonly body: { readonly result?: string; readonly status?: string; readonly refundId?: string };
}

export type Send = (path: string, key?: string, body?: object) => Promise<Answered | undefined>;

interface Refund {
  readonly key: string;
  readonly body: object;
  answer?: Answered;
}

/** Of the simulator's book. */
export interface BookedRefund {
  readonly refundId: string;
  readonly paymentId: string;
  readonly amount: number;
  readonly result: 'OK' | 'KO' | 'PENDING';
  readonly idempotencyKey: string;
}

interface LedgerRefund {
  readonly id: string;
  readonly refund_id: string | null;
  readonly external_refund_id: string | null;
  readonly payment_id: string;
  /** PostgreSQL's client gives a bigint as text. */
  readonly amount_minor: number | string;
  readonly state: string;
  readonly reserved: number;
  readonly idempotency_key: string;
}

export class RefundsUnderKill {
  readonly #refunds: Refund[] = [];

  constructor(
    private readonly random: () => number,
    private readonly ledger: LedgerReader,
  ) {}

  /** A refund of the payment, or the repeat of an unanswered one with its key. True if it was answered. */
  async refundOnce(send: Send, paymentId: string, paidMinor: number): Promise<boolean> {
    const unanswered = this.#refunds.filter(({ answer }) => !answer);
    const repeated = this.random() < 0.3 ? this.#pick(unanswered) : undefined;
    const refund = repeated ?? this.#new(paymentId, paidMinor);
    const answer = await send('refund', refund.key, refund.body);
    if (answer && answer.status !== 409) refund.answer = answer;
    return answer !== undefined;
  }

  /** Waits for the end of every refund, and asks about those that may have been sent back while nobody listened. */
  async end(send: Send): Promise<void> {
    const deadline = Date.now() + END_LIMIT_MS;
    for (;;) {
      const open = await this.ledger.query<LedgerRefund>(
        `select id from refunds where state in ('PENDING', 'UNKNOWN')`,
      );
      if (open.length === 0) break;
      if (Date.now() > deadline) throw new Error(`${open.length} refunds have not ended`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const settled = await this.ledger.query<LedgerRefund>(`select id from refunds where state = 'OK'`);
    for (const { id } of settled) await send(`refund/status?refundId=${id}`);
  }

  /** Compares the ledger with the answers and with the external's book: what is lost or counted wrong. */
  async audit(booked: readonly BookedRefund[]): Promise<{ problems: string[]; summary: string }> {
    const rows = await this.ledger.query<LedgerRefund>(
      `select refunds.*, operations.idempotency_key from refunds
       join operations on operations.refund_ref = refunds.id`,
    );
    const byKey = new Map(rows.map((row) => [row.idempotency_key, row]));
    const problems: string[] = [];
    for (const refund of booked) {
      const row = rows.find(({ external_refund_id }) => external_refund_id === refund.refundId);
      if (row?.state !== refund.result)
        problems.push(`refund ${refund.refundId} is ${refund.result}, the ledger has ${JSON.stringify(row)}`);
    }
    const executed = new Set(booked.map(({ idempotencyKey }) => idempotencyKey));
    for (const row of rows)
      if (row.state === 'OK' && !executed.has(row.idempotency_key))
        problems.push(`the ledger has ${JSON.stringify(row)}, which the external has never executed`);
    const answered = this.#refunds.filter(({ answer }) => answer?.status === 200);
    for (const { key, answer } of answered) {
      const row = byKey.get(key);
      if (row?.refund_id !== answer!.body.refundId)
        problems.push(`${key} was answered ${answer!.body.refundId}, the ledger has ${JSON.stringify(row)}`);
    }
    problems.push(...(await this.#sums(rows)));
    const states = ['OK', 'KO'].map(
      (state) => `${rows.filter((row) => row.state === state).length} ${state}`,
    );
    const interrupted = this.#refunds.filter(({ answer }) => !answer).length;
    if (answered.length === 0 || interrupted === 0)
      problems.push(`${SHOWED_NOTHING} about refunds: no operation was answered, or none interrupted`);
    const summary =
      `${this.#refunds.length} refunds begun, ${answered.length} answered, ${booked.length} in the external's book, ` +
      `${rows.length} in the ledger (${states.join(', ')})`;
    return { problems, summary };
  }

  /** What counts in a payment is the sum of its refunds that were executed, and no more than the payment. */
  async #sums(rows: readonly LedgerRefund[]): Promise<string[]> {
    const payments = await this.ledger.query<{
      payment_id: string;
      amount_minor: number | string;
      refunded_minor: number | string;
    }>('select payment_id, amount_minor, refunded_minor from payments where payment_id is not null');
    const problems: string[] = [];
    for (const { payment_id, amount_minor, refunded_minor } of payments) {
      const sum = rows
        .filter((row) => row.payment_id === payment_id && row.state === 'OK')
        .reduce((total, row) => total + Number(row.amount_minor), 0);
      if (sum !== Number(refunded_minor) || sum > Number(amount_minor))
        problems.push(
          `${payment_id}: ${refunded_minor} of ${amount_minor} count as refunded, and ${sum} are`,
        );
    }
    return problems;
  }

  #new(paymentId: string, paidMinor: number): Refund {
    const amount = 1 + Math.floor(this.random() * (paidMinor / 3));
    const refund = {
      key: `refund-${this.#refunds.length}`,
      body: { amount, currency: 'EUR', paymentId, providerData: this.#pick(REFUND_PLANS)! },
    };
    this.#refunds.push(refund);
    return refund;
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.random() * items.length)];
  }
}
