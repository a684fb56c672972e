import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A payment that the external has executed. */
export interface BookedPayment {
  readonly paymentId: string;
  readonly shopTransactionId: string;
  readonly amount: number;
  status: 'ACCEPTED' | 'FAILED' | 'PENDING';
  refunded: number;
}

export interface ChaosExternalOptions {
  readonly random: () => number;
  readonly honoursIdempotencyKey: boolean;
  /** Share of the calls that fail in some way. */
  readonly failures: number;
  /** The gateway's callback URL of this external. */
  readonly callbackUrl: () => string;
}

interface Call {
  readonly method: string;
  readonly url: URL;
  readonly key: string;
  readonly body: { shopTransactionId?: string; amount?: number; paymentId?: string };
}

/** How a state-changing call fails, and whether it is executed first. */
const FAILURES = [
  'error-before',
  'error-after',
  'reset-before',
  'reset-after',
  'silence-before',
  'silence-after',
  'garbage-after',
  'half-after',
  'html-after',
  'too-large-after',
  'refused',
  'unauthorised',
  'throttled',
  'redirect',
] as const;
type Failure = (typeof FAILURES)[number];

/** An external that fails in every way and records what it executed. */
export class ChaosExternal {
  readonly payments = new Map<string, BookedPayment>();
  /** Executions by `Idempotency-Key`: more than one is a double payment. */
  readonly executions = new Map<string, number>();
  readonly #answers = new Map<string, object>();
  readonly #byOrder = new Map<string, BookedPayment>();
  readonly #server: Server;
  #calm = false;
  #count = 0;

  constructor(private readonly options: ChaosExternalOptions) {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on, all answers are valid. */
  calmDown(): void {
    this.#calm = true;
  }

  /** Settles open payments; every second one without a callback. */
  settleOpen(): void {
    for (const payment of this.payments.values()) if (payment.status === 'PENDING') this.#decide(payment);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const call: Call = {
      method: request.method!,
      url: new URL(request.url!, 'http://external'),
      key: String(request.headers['idempotency-key'] ?? ''),
      body: text ? (JSON.parse(text) as Call['body']) : {},
    };
    if (call.method === 'GET') this.#status(call, response);
    else this.#change(call, response);
  }

  #status({ url }: Call, response: ServerResponse): void {
    if (!this.#calm && this.options.random() < this.options.failures) {
      return this.#fail(this.options.random() < 0.5 ? 'error-before' : 'reset-before', response, {});
    }
    const payment =
      this.payments.get(url.searchParams.get('paymentId') ?? '') ??
      this.#byOrder.get(url.searchParams.get('shopTransactionId') ?? '');
    if (!payment) return answer(response, 404, { message: 'never seen' });
    answer(response, 200, {
      status: payment.status,
      paymentId: payment.paymentId,
      shopTransactionId: payment.shopTransactionId,
    });
  }

  #change(call: Call, response: ServerResponse): void {
    const { random, failures } = this.options;
    const failure =
      !this.#calm && random() < failures ? FAILURES[Math.floor(random() * FAILURES.length)]! : undefined;
    const executed = failure === undefined || failure.endsWith('-after');
    const result = executed ? this.#execute(call) : {};
    if (failure) this.#fail(failure, response, result);
    else answer(response, 200, result);
  }

  #execute(call: Call): object {
    const replay = this.options.honoursIdempotencyKey ? this.#answers.get(call.key) : undefined;
    if (replay) return replay;
    this.executions.set(call.key, (this.executions.get(call.key) ?? 0) + 1);
    const result = call.url.pathname === '/refund' ? this.#refund(call) : this.#pay(call);
    this.#answers.set(call.key, result);
    return result;
  }

  #pay({ url, body }: Call): object {
    const { random } = this.options;
    const payment: BookedPayment = {
      paymentId: `pm-${(this.#count += 1)}-${Math.floor(random() * 1e9)}`,
      shopTransactionId: body.shopTransactionId!,
      amount: body.amount!,
      status: random() < 0.5 ? 'ACCEPTED' : random() < 0.3 ? 'FAILED' : 'PENDING',
      refunded: 0,
    };
    this.payments.set(payment.paymentId, payment);
    this.#byOrder.set(payment.shopTransactionId, payment);
    if (payment.status === 'PENDING') setTimeout(() => this.#decide(payment), random() * 3_000).unref();
    const result = { ACCEPTED: 'OK', FAILED: 'KO', PENDING: 'PENDING' }[payment.status];
    const token = url.pathname.startsWith('/subscription/') && {
      subscriptionToken: `sub-${payment.paymentId}`,
    };
    return { result, paymentId: payment.paymentId, ...token };
  }

  #refund({ body }: Call): object {
    const payment = this.payments.get(body.paymentId!);
    if (!payment) return { result: 'KO' };
    payment.refunded += body.amount!;
    return { result: 'OK' };
  }

  /** The payer has decided. The callback may be lost, repeated or late. */
  #decide(payment: BookedPayment): void {
    if (payment.status !== 'PENDING') return;
    const { random } = this.options;
    payment.status = random() < 0.7 ? 'ACCEPTED' : 'FAILED';
    const copies = Math.floor(random() * 3);
    for (let copy = 0; copy < copies; copy += 1) {
      setTimeout(() => void this.#callback(payment), random() * 1_500).unref();
    }
  }

  async #callback({ paymentId }: BookedPayment): Promise<void> {
    try {
      await fetch(`${this.options.callbackUrl()}?paymentId=${paymentId}`, {
        method: this.options.random() < 0.5 ? 'GET' : 'POST',
        signal: AbortSignal.timeout(2_000),
      });
    } catch {
      // Lost: the gateway was down.
    }
  }

  #fail(failure: Failure, response: ServerResponse, result: object): void {
    switch (failure) {
      case 'error-before':
      case 'error-after':
        return answer(response, 500, {});
      case 'reset-before':
      case 'reset-after':
        response.socket?.resetAndDestroy();
        return;
      case 'silence-before':
      case 'silence-after':
        return;
      case 'garbage-after':
        response.socket?.end('this is no HTTP\r\n\r\n');
        return;
      case 'half-after':
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write(JSON.stringify(result).slice(0, 10));
        setTimeout(() => response.socket?.destroy(), 20).unref();
        return;
      case 'html-after':
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end('<h1>It works</h1>');
        return;
      case 'too-large-after':
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(`{"result":"OK","x":"${'x'.repeat(1_100_000)}"}`);
        return;
      case 'refused':
        return answer(response, 422, { detail: 'chaos' });
      case 'unauthorised':
        return answer(response, 401, {});
      case 'throttled':
        return answer(response, 429, {});
      case 'redirect':
        response.writeHead(302, { location: '/elsewhere' });
        response.end();
        return;
      default:
        return failure satisfies never;
    }
  }
}

function answer(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}
