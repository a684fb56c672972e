import { setTimeout as delay } from 'node:timers/promises';
import { CallingExternal, type ReceivedCall } from './calling-external.js';
import { Orders, send } from './caller.js';
import type { LedgerPayment, LedgerReader } from './ledger-reader.js';
import type { AuditedReceiver } from './receiver-audit.js';

/** Payments of a trusted external, which pushes their statuses and cannot be queried; and their audit afterwards. */

const NAME = 'pushing';
const END_LIMIT_MS = 30_000;

interface Booked {
  readonly shopTransactionId: string;
  readonly paymentId: string;
  readonly key: string;
  readonly status: 'ACCEPTED' | 'FAILED';
}

export class PushesUnderKill {
  readonly #book: Booked[] = [];
  readonly #external = new CallingExternal((call) => this.#answer(call));
  readonly #payments = new Orders<{ readonly amount: number }>('push', ({ key, details: { amount } }) =>
    send(`${this.#gateway}/v3/${NAME}/pay`, key, { amount, currency: 'EUR', shopTransactionId: key }),
  );
  #gateway = '';

  constructor(
    private readonly random: () => number,
    private readonly ledger: LedgerReader,
    private readonly receiver: AuditedReceiver,
  ) {}

  /** Starts the external; returns its configuration. */
  async listen(gateway: string): Promise<object> {
    this.#gateway = gateway;
    this.#external.callbackUrl = `${gateway}/v3/${NAME}/callback`;
    return {
      externalService: NAME,
      baseUrl: await this.#external.listen(),
      callbackAuth: { type: 'standard-webhooks', secret: this.#external.secret },
      callbackStatus: 'trusted',
      operations: { status: false },
    };
  }

  close(): void {
    this.#external.close();
  }

  /** A payment, or the repeat of an interrupted one with its key. True if it was answered. */
  payOnce(): Promise<boolean> {
    const amount = 100 + this.#payments.all.length;
    return this.#payments.sendOne(this.random() < 0.3, () => ({ amount }));
  }

  /** Waits until every push is acknowledged. */
  async end(): Promise<string[]> {
    await this.#payments.answerAll();
    return this.#external.end(END_LIMIT_MS);
  }

  /** What of the external's book is not in the ledger or was not notified, and what was executed twice. */
  async audit(): Promise<{ problems: string[]; summary: string }> {
    const rows = await this.ledger.query<LedgerPayment>(
      `select shop_transaction_id, payment_id, state from payments where external = '${NAME}'`,
    );
    const problems = this.#payments.emptiness();
    for (const { shopTransactionId, paymentId, status } of this.#book) {
      const found = rows.filter((row) => row.shop_transaction_id === shopTransactionId);
      if (found.length !== 1 || found[0]!.payment_id !== paymentId || found[0]!.state !== status)
        problems.push(`${paymentId} was pushed ${status}, the ledger has ${JSON.stringify(found)}`);
      const notified = this.receiver.newestStatus(paymentId);
      if (notified !== status)
        problems.push(`${paymentId} was pushed ${status}, the receiver got ${notified ?? 'nothing'}`);
    }
    for (const [key, executions] of Map.groupBy(this.#book, (each) => each.key))
      if (executions.length > 1) problems.push(`executed ${executions.length} times: ${key}`);
    const executed = new Set(this.#book.map(({ paymentId }) => paymentId));
    for (const { key, answer } of this.#payments.all)
      if (answer?.status === 200 && !executed.has(answer.body.paymentId!))
        problems.push(`${key} was answered ${JSON.stringify(answer.body)}, and is not at the external`);
    const counted = (state: string): number => rows.filter((row) => row.state === state).length;
    const summary =
      `${this.#payments.summary('payments of the pushing external')}, ${this.#book.length} in its book, ` +
      `${this.#external.acknowledged} pushes acknowledged after ${this.#external.refused} failed attempts, ${rows.length} in ` +
      `the ledger (${counted('ACCEPTED')} ACCEPTED, ${counted('FAILED')} FAILED, ${counted('UNKNOWN')} UNKNOWN)`;
    return { problems, summary };
  }

  /** Executes each payment it gets: it does not honour keys. The push may arrive before the answer. */
  #answer({ url, key, body }: ReceivedCall): object | undefined {
    if (url.pathname !== '/pay') return undefined;
    const shopTransactionId = String(body['shopTransactionId']);
    const paymentId = `pushed-${this.#book.length}`;
    const status = this.random() < 0.6 ? 'ACCEPTED' : 'FAILED';
    this.#book.push({ shopTransactionId, paymentId, key, status });
    const { amount, currency } = body;
    this.#external.live(async () => {
      if (this.random() < 0.7) await delay(this.random() * 400);
      await this.#external.call({ paymentId, shopTransactionId, status, amount, currency });
    });
    return { result: 'PENDING', paymentId };
  }
}
