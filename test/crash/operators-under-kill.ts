import { randomBytes } from 'node:crypto';
import { Orders, send } from './caller.js';
import type { LedgerReader } from './ledger-reader.js';
import { type BookedRefund, REFUND_PLANS } from './refunds-under-kill.js';

/** Refunds that operators order in a kill run, beside those of callers; and their audit afterwards. */

interface Details {
  /** The gateway's own id of the payment. */
  readonly payment: string;
  readonly body: object;
}

interface LedgerRefund {
  readonly id: string;
  readonly state: string;
  readonly external_refund_id: string | null;
  readonly idempotency_key: string;
  readonly audited: number | string;
}

export class OperatorsUnderKill {
  readonly #secret = randomBytes(16).toString('hex');
  /** `API_KEYS` of the gateway. */
  readonly apiKeys = `operator:${this.#secret}:admin`;
  readonly #refunds = new Orders<Details>('operator', ({ key, details: { payment, body } }) =>
    send(`${this.#gateway}/admin/payments/${payment}/refund`, key, body, this.#secret),
  );
  #gateway = '';

  constructor(
    private readonly random: () => number,
    private readonly ledger: LedgerReader,
  ) {}

  listen(gateway: string): void {
    this.#gateway = gateway;
  }

  /** A refund of the payment, whole or in part, or the repeat of an interrupted one. True if it was answered. */
  async refundOnce(paymentId: string, paidMinor: number): Promise<boolean> {
    const [row] = await this.ledger.query<{ id: string }>(
      `select id from payments where payment_id = '${paymentId}'`,
    );
    return this.#refunds.sendOne(this.random() < 0.4, () => ({
      payment: row!.id,
      body: {
        ...(this.random() < 0.85 && { amount: 1 + Math.floor(this.random() * (paidMinor / 3)) }),
        reason: 'Ticket 4711',
        providerData: REFUND_PLANS[Math.floor(this.random() * REFUND_PLANS.length)]!,
      },
    }));
  }

  /** Repeats what was never answered. */
  end(): Promise<void> {
    return this.#refunds.answerAll();
  }

  /** Compares the external's book with the ledger: each key at most once, and no payment beyond its amount. */
  async audit(
    booked: readonly BookedRefund[],
    payments: readonly { readonly paymentId: string; readonly amount: number }[],
  ): Promise<{ problems: string[]; summary: string }> {
    const rows = await this.ledger.query<LedgerRefund>(
      `select refunds.id, refunds.state, refunds.external_refund_id, operations.idempotency_key,
         (select count(*) from audit_entries where change like refunds.id || ':%') as audited
       from refunds join operations on operations.refund_ref = refunds.id where refunds.origin = 'operator'`,
    );
    const problems = this.#refunds.emptiness();
    const keys = new Set(this.#refunds.all.map(({ key }) => key));
    const ordered = booked.filter(({ idempotencyKey }) => keys.has(idempotencyKey));
    const byKey = Map.groupBy(ordered, ({ idempotencyKey }) => idempotencyKey);
    for (const [key, executions] of byKey) {
      const [{ refundId, result }] = executions as [BookedRefund];
      // A key whose first refund was not executed may have a second one.
      const found = rows.filter((row) => row.idempotency_key === key && row.state !== 'KO');
      const same = rows.filter((row) => row.external_refund_id === refundId);
      const isSame = same.length === 1 && same[0]!.idempotency_key === key && same[0]!.state === result;
      if (executions.length > 1 || found.length > 1 || !isSame)
        problems.push(
          `${JSON.stringify(executions)} is at the external, in the ledger ${JSON.stringify([...same, ...found])}`,
        );
    }
    for (const row of rows) {
      if (row.state === 'OK' && !byKey.has(row.idempotency_key))
        problems.push(`${JSON.stringify(row)} is in the ledger, and not at the external`);
      if (Number(row.audited) !== 1) problems.push(`${row.id} has ${row.audited} entries in the audit`);
    }
    for (const { key, answer } of this.#refunds.all)
      if (!answer || (answer.body.result === 'OK' && !byKey.has(key)))
        problems.push(`${key} was answered ${JSON.stringify(answer)}, and is not at the external`);
    const refunded = Map.groupBy(
      booked.filter(({ result }) => result === 'OK'),
      ({ paymentId }) => paymentId,
    );
    for (const { paymentId, amount } of payments) {
      const sum = (refunded.get(paymentId) ?? []).reduce((total, refund) => total + refund.amount, 0);
      if (sum > amount) problems.push(`${paymentId}: ${sum} of ${amount} are refunded at the external`);
    }
    const distinct = new Set(rows.map((row) => row.idempotency_key)).size;
    const summary =
      `${this.#refunds.summary("operators' refunds")}, ${ordered.length} in the external's book, ${rows.length} (of ` +
      `${distinct} keys) in the ledger and the audit`;
    return { problems, summary };
  }
}
