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

/** An external and a receiver with faults, for the incidents that operators settle in the console. */
export class ConsoleExternal {
  readonly #server: Server;
  readonly #payments = new Map<string, { readonly amount: number; readonly shopTransactionId: string }>();
  #decided = false;
  /** Whether every connection is cut. */
  isDown = false;
  /** Whether the receiver refuses notifications. */
  receiverIsDown = true;
  readonly received: string[] = [];

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
      return { status: this.receiverIsDown ? 503 : 200, body: { said: 'database is down' } };
    }
    if (this.isDown) return undefined;
    if (pathname === '/pay')
      return this.#pay(JSON.parse(text) as { amount: number; shopTransactionId: string });
    if (pathname === '/refund') {
      const { amount } = JSON.parse(text) as { amount: number };
      return amount === CUT_REFUND ? undefined : { status: 200, body: { result: 'OK' } };
    }
    const payment = this.#payments.get(searchParams.get('paymentId') ?? '');
    if (!payment) return { status: 404, body: {} };
    const isPending = payment.amount === AMOUNT.pending && !this.#decided;
    const status = isPending ? 'PENDING' : 'ACCEPTED';
    return { status: 200, body: { status, currency: 'EUR', ...payment } };
  }

  #pay(payment: { amount: number; shopTransactionId: string }): { status: number; body: object } | undefined {
    const paymentId = `pm_${this.#payments.size + 1}`;
    const { amount, shopTransactionId } = payment;
    this.#payments.set(paymentId, { amount, shopTransactionId });
    if (amount === AMOUNT.cut) return undefined;
    return { status: 200, body: { result: amount === AMOUNT.pending ? 'PENDING' : 'OK', paymentId } };
  }
}
