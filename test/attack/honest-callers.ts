import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, fetch } from 'undici';
import { atRate } from './at-rate.js';

const ANSWER_LIMIT_MS = 15_000;
/** A pool as a microservice has it. */
const CONNECTIONS = 32;
const ATTEMPTS = 50;
const ATTEMPT_PAUSE_MS = 200;

interface Payment {
  readonly order: string;
  /** Undefined until an answer says what became of it. */
  outcome?: 'executed' | 'not-executed';
}

/** Callers that pay at a steady rate, each payment with a key of its own, and ask again where the outcome is unknown. */
export class HonestCallers {
  readonly #agent = new Agent({ connections: CONNECTIONS });
  readonly #payments: Payment[] = [];
  #latencies: number[] = [];
  #refused = 0;
  #cutOff = 0;

  constructor(
    private readonly url: string,
    private readonly external: string,
    private readonly key: string,
  ) {}

  /** Starts a payment every 1/`perSecond`, whether or not earlier ones were answered; returns when all were. */
  async run(perSecond: number, seconds: number): Promise<void> {
    await atRate(perSecond, seconds, () => {
      const payment: Payment = { order: `${this.external}-${this.#payments.length}` };
      this.#payments.push(payment);
      return this.#pay(payment);
    });
  }

  /** Repeats, with their keys, the payments whose outcome is not known, as a caller must. */
  async askAgain(): Promise<void> {
    for (const payment of this.#payments) {
      for (let attempt = 0; !payment.outcome && attempt < ATTEMPTS; attempt += 1) {
        if (attempt > 0) await sleep(ATTEMPT_PAUSE_MS);
        await this.#pay(payment);
      }
    }
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  percentile(share: number): number {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    return Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  }

  forgetLatencies(): void {
    this.#latencies = [];
  }

  describe(): string {
    return `${this.#payments.length} payments of ${this.external}, ${this.#refused} refused, ${this.#cutOff} without an answer`;
  }

  /** What the callers were told and the external did not do, or the other way round. */
  contradictions(executed: ReadonlySet<string>): string[] {
    return this.#payments.flatMap(({ order, outcome }) => {
      if (!outcome) return [`${order}: its outcome is unknown to its caller in the end`];
      return executed.has(order) === (outcome === 'executed')
        ? []
        : [`${order}: its caller was told ${outcome}, the external has it: ${executed.has(order)}`];
    });
  }

  async #pay(payment: Payment): Promise<void> {
    const startedAt = performance.now();
    try {
      const response = await fetch(`${this.url}/v3/${this.external}/pay`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': payment.order,
          authorization: `Bearer ${this.key}`,
        },
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
        body: JSON.stringify({ amount: 1_000, currency: 'EUR', shopTransactionId: payment.order }),
      });
      const { outcome } = (await response.json()) as { outcome?: string };
      if (response.status === 200) payment.outcome = 'executed';
      else if (outcome === 'not-executed') {
        payment.outcome = 'not-executed';
        this.#refused += 1;
      }
    } catch {
      this.#cutOff += 1;
    }
    this.#latencies.push(performance.now() - startedAt);
  }
}
