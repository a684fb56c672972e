import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the payments of {@link ConsoleExternal} end, by their amount in minor units. */
export const AMOUNT = {
  accepted: 2_000,
  /** The external answers PENDING until `decide` is called. */
  pending: 777,
  /** The connection is cut after the external has the request. */
  cut: 666,
} as const;

/** Refunds of this amount are cut likewise. */
export const CUT_REFUND = 111;

/** What an external and a receiver say beside the facts. */
export interface ForeignTexts {
  /** The ids that the external gives begin with it. */
  readonly idPrefix: string;
  readonly metadata?: object;
  /** The external refuses status queries with it. */
  readonly refusal?: string;
  /** In the answer of the receiver. */
  readonly said: string;
}

/** An external and a receiver with faults, for the incidents that operators settle in the console. */
export class ConsoleExternal {
  readonly #server: Server;
  readonly #payments = new Map<string, { readonly amount: number; readonly shopTransactionId: string }>();
  #decided = false;
  /** Whether every connection is cut. */
  isDown = false;
  /** Whether the receiver refuses notifications. */
  receiverIsDown = true;
  texts: ForeignTexts = { idPrefix: 'pm_', said: 'database is down' };
  readonly received: string[] = [];
  /** The bodies of the cancellations. */
  readonly cancellations: string[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        const url = new URL(request.url!, 'http://external');
        const answer = this.#answer(url, body);
        if (answer === undefined) {
          request.socket.destroy();
          return;
        }
        response.writeHead(answer.status, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify(answer.body));
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  decide(): void {
    this.#decided = true;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #answer({ pathname, searchParams }: URL, text: string): { status: number; body: object } | undefined {
    if (pathname === '/receiver') {
      this.received.push(text);
      return { status: this.receiverIsDown ? 503 : 200, body: { said: this.texts.said } };
    }
    if (this.isDown) return undefined;
    if (pathname === '/pay' || (pathname.startsWith('/subscription/') && text !== ''))
      return this.#pay(JSON.parse(text) as { amount: number; shopTransactionId: string });
    if (pathname === '/cancel') {
      this.cancellations.push(text);
      return { status: 200, body: { result: 'OK' } };
    }
    if (pathname === '/refund') {
      const { amount } = JSON.parse(text) as { amount: number };
      return amount === CUT_REFUND ? undefined : { status: 200, body: { result: 'OK' } };
    }
    const { refusal, metadata } = this.texts;
    if (refusal !== undefined) return { status: 422, body: { detail: refusal } };
    const payment = this.#payments.get(searchParams.get('paymentId') ?? '');
    if (!payment) return { status: 404, body: {} };
    const isPending = payment.amount === AMOUNT.pending && !this.#decided;
    const status = isPending ? 'PENDING' : 'ACCEPTED';
    return { status: 200, body: { status, currency: 'EUR', metadata, ...payment } };
  }

  #pay(payment: { amount: number; shopTransactionId: string }): { status: number; body: object } | undefined {
    const { idPrefix, metadata } = this.texts;
    const paymentId = `${idPrefix}${this.#payments.size + 1}`;
    const { amount, shopTransactionId } = payment;
    this.#payments.set(paymentId, { amount, shopTransactionId });
    if (amount === AMOUNT.cut) return undefined;
    const result = amount === AMOUNT.pending ? 'PENDING' : 'OK';
    return { status: 200, body: { result, paymentId, subscriptionToken: `${paymentId}s`, metadata } };
  }
}
