import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** One fault each; the external is right in everything else. */
export type Fault =
  | 'executes-at-once'
  | 'key-of-another-body'
  | 'key-of-other-data'
  | 'key-of-every-path'
  | 'refund-ignores-keys'
  | 'key-lost-by-cut'
  | 'pending-is-unknown'
  | 'decimal-amounts'
  | 'two-decimals'
  | 'callback-before-commit'
  | 'callback-once'
  | 'refund-clamped'
  | 'refunds-race'
  | 'latin-1'
  | 'amount-optional'
  | 'cancels-paid'
  | 'order-by-luck'
  | 'normalises-ids'
  | 'folds-case'
  | 'trims-ids'
  | 'cuts-ids'
  | 'ids-as-numbers'
  | 'amounts-of-32-bits'
  | 'refunded-is-failed'
  | 'settles-canceled'
  | 'hangs-on-pay';

export interface ReferenceExternal {
  readonly url: string;
  readonly payments: ReadonlyMap<string, object>;
  close(): Promise<void>;
}

interface Payment {
  readonly paymentId: string;
  readonly shopTransactionId: string;
  readonly amount: number;
  readonly currency: string;
  status: 'ACCEPTED' | 'FAILED' | 'PENDING';
  refunded: number;
}

interface Refund {
  readonly refundId: string;
  readonly paymentId: string;
  readonly amount: number;
  readonly currency: string;
  readonly key: string | undefined;
}

type Input = Readonly<Record<string, unknown>>;
type Answer = readonly [status: number, body?: object];

interface Stored {
  readonly subject: string;
  readonly answer: Promise<Answer>;
}

const SETTLE_MS = 100;
const SLOW_MS = 400;
/** So far apart that the gaps grow on a busy machine too. */
export const CALLBACK_RETRY_MS = [50, 1_500, 3_000];
/** What these faults make of an order's id, in payments and in queries. */
const KEPT: Partial<Readonly<Record<Fault, (id: string) => string>>> = {
  'normalises-ids': (id) => id.normalize('NFC'),
  'folds-case': (id) => id.toLowerCase(),
  'trims-ids': (id) => id.trim(),
  'cuts-ids': (id) => id.slice(0, 200),
  'ids-as-numbers': (id) => (/^\d+$/.test(id) ? String(Number(id)) : id),
};
/** Longer than requests that are sent at once take to arrive. */
const RACE_MS = 40;
const CUT_WINDOW_MS = 10;
/** Digits of minor units, for the fault that rounds. */
const DIGITS: Readonly<Record<string, number>> = { JPY: 0, KWD: 3, CLF: 4 };

/** An external in memory that does everything that the kit checks, but for one fault. */
export async function startReferenceExternal(
  callbackUrl: () => string,
  fault?: Fault,
): Promise<ReferenceExternal> {
  const external = new Reference(callbackUrl, fault);
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    void external.handle(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    payments: external.payments,
    close: async () => {
      external.closing.abort();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

class Reference {
  readonly payments = new Map<string, Payment>();
  readonly closing = new AbortController();
  readonly #refunds: Refund[] = [];
  readonly #keys = new Map<string, Stored>();

  constructor(
    private readonly callbackUrl: () => string,
    private readonly fault: Fault | undefined,
  ) {}

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [status, body] = await this.#answer(request, response);
    if (response.destroyed) return;
    response.writeHead(status, body && { 'content-type': 'application/json' });
    response.end(body && JSON.stringify(body));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    const { pathname, searchParams } = new URL(request.url!, 'http://external');
    const bytes = Buffer.concat((await request.toArray()) as Buffer[]);
    switch (`${request.method} ${pathname}`) {
      case 'GET /status':
        return this.#status(Object.fromEntries(searchParams));
      case 'GET /refund/status':
        return this.#refundStatus(Object.fromEntries(searchParams));
      case 'POST /pay':
      case 'POST /refund':
      case 'POST /cancel': {
        const input = this.#parsed(bytes);
        const key = request.headers['idempotency-key'] as string | undefined;
        return input
          ? this.#keyed(pathname, key, input, response)
          : [400, { detail: 'The body is not JSON' }];
      }
      default:
        return [404];
    }
  }

  #parsed(bytes: Buffer): Input | undefined {
    try {
      return JSON.parse(bytes.toString(this.fault === 'latin-1' ? 'latin1' : 'utf8')) as Input;
    } catch {
      return undefined;
    }
  }

  /** One execution for each key and path; repeats wait for its answer. */
  async #keyed(
    path: string,
    key: string | undefined,
    input: Input,
    response: ServerResponse,
  ): Promise<Answer> {
    const execute = (): Promise<Answer> => this.#execute(path, key, input);
    if (key === undefined || (this.fault === 'refund-ignores-keys' && path === '/refund')) return execute();
    const { providerData, ...rest } = input;
    const subject = JSON.stringify(this.fault === 'key-of-other-data' ? rest : [rest, providerData]);
    const ofPath = this.#keys.get(`${path} ${key}`);
    const stored = ofPath ?? (this.fault === 'key-of-every-path' ? this.#keys.get(`/pay ${key}`) : undefined);
    const isAnother = ofPath !== undefined && ofPath.subject !== subject;
    if (isAnother && this.fault !== 'key-of-another-body')
      return [422, { detail: 'This key was used for another request' }];
    if (stored) return stored.answer;
    const scope = `${path} ${key}`;
    const answer = execute();
    if (this.fault === 'executes-at-once') await answer;
    this.#keys.set(scope, { subject, answer });
    const [status] = await answer;
    if (status !== 200) this.#keys.delete(scope);
    if (this.fault === 'key-lost-by-cut') {
      await sleep(CUT_WINDOW_MS);
      if (response.destroyed || response.socket?.destroyed) this.#keys.delete(scope);
    }
    return answer;
  }

  async #execute(path: string, key: string | undefined, input: Input): Promise<Answer> {
    await sleep(this.fault === 'executes-at-once' ? RACE_MS : 1); // as a database takes time
    if (path === '/pay') return this.#pay(input);
    if (path === '/refund') return this.#refund(input, key);
    return this.#cancel(input);
  }

  async #pay({ amount, currency, shopTransactionId, providerData }: Input): Promise<Answer> {
    const isAmount = Number.isInteger(amount) && (amount as number) > 0;
    const isAllowed = isAmount || (this.fault === 'amount-optional' && amount === undefined);
    if (!isAllowed || typeof currency !== 'string' || typeof shopTransactionId !== 'string')
      return [
        422,
        { detail: 'amount must be an integer from 1; currency and shopTransactionId must be there' },
      ];
    if (this.fault === 'hangs-on-pay')
      await sleep(60_000, undefined, { signal: this.closing.signal }).catch(() => {});
    const wish = (providerData as { wish?: string } | undefined)?.wish;
    const payment: Payment = {
      paymentId: randomUUID(),
      shopTransactionId: this.#kept(shopTransactionId),
      amount: this.#amountOf(amount as number, currency),
      currency,
      status:
        wish === 'DECLINED' ? 'FAILED' : wish === 'PENDING' || wish === 'REDIRECT' ? 'PENDING' : 'ACCEPTED',
      refunded: 0,
    };
    const { paymentId } = payment;
    this.payments.set(paymentId, payment);
    const metadata = { echo: ['Zoë 🎫', { nested: [1.5, null, ''] }] };
    if (wish === 'PENDING') void this.#settle(payment);
    if (wish === 'SLOW') await sleep(SLOW_MS, undefined, { signal: this.closing.signal }).catch(() => {});
    if (wish === 'DECLINED') return [200, { result: 'KO', paymentId }];
    if (wish === 'REDIRECT')
      return [
        200,
        { result: 'REDIRECT_TO_URL', paymentId, redirectToUrl: `https://bank.example/${paymentId}` },
      ];
    return [200, { result: wish === 'PENDING' ? 'PENDING' : 'OK', paymentId, metadata }];
  }

  #kept(id: string): string {
    return (this.fault && KEPT[this.fault]?.(id)) ?? id;
  }

  #amountOf(amount: number, currency: string): number {
    if (this.fault === 'amounts-of-32-bits') return amount % 2 ** 32;
    const factor = 10 ** (DIGITS[currency] ?? 2);
    return this.fault === 'two-decimals'
      ? Math.round(Math.trunc((amount / factor) * 100) * (factor / 100))
      : amount;
  }

  async #settle(payment: Payment): Promise<void> {
    const { signal } = this.closing;
    try {
      await sleep(SETTLE_MS, undefined, { signal });
      const url = `${this.callbackUrl()}?paymentId=${payment.paymentId}`;
      if (payment.status === 'FAILED' && this.fault !== 'settles-canceled') return;
      if (this.fault !== 'callback-before-commit') payment.status = 'ACCEPTED';
      for (const retryMs of [...CALLBACK_RETRY_MS, 0]) {
        const answer = await fetch(url, { redirect: 'manual', signal }).catch(() => undefined);
        payment.status = 'ACCEPTED';
        if (answer?.ok || this.fault === 'callback-once' || retryMs === 0) return;
        await sleep(retryMs, undefined, { signal });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #refund({ amount, currency, paymentId }: Input, key: string | undefined): Promise<Answer> {
    const payment = this.payments.get(paymentId as string);
    if (!payment) return [404, { detail: 'No such payment' }];
    if (!Number.isInteger(amount)) return [422, { detail: 'amount must be an integer from 1' }];
    const rest = payment.amount - payment.refunded;
    const wanted = this.fault === 'refund-clamped' ? Math.min(amount as number, rest) : (amount as number);
    const fits =
      payment.status === 'ACCEPTED' && payment.currency === currency && wanted > 0 && wanted <= rest;
    if (!fits) return [200, { result: 'KO', resultDescription: 'Not refundable' }];
    if (this.fault === 'refunds-race') await sleep(RACE_MS);
    payment.refunded += wanted;
    if (this.fault === 'refunded-is-failed' && payment.refunded === payment.amount) payment.status = 'FAILED';
    const refund = {
      refundId: randomUUID(),
      paymentId: payment.paymentId,
      amount: wanted,
      currency: payment.currency,
      key,
    };
    this.#refunds.push(refund);
    return [200, { result: 'OK', refundId: refund.refundId }];
  }

  #cancel({ paymentId }: Input): Answer {
    const payment = this.payments.get(paymentId as string);
    if (!payment) return [404, { detail: 'No such payment' }];
    if (payment.status === 'ACCEPTED' && this.fault !== 'cancels-paid') return [200, { result: 'KO' }];
    payment.status = 'FAILED';
    return [200, { result: 'OK' }];
  }

  #status({ paymentId, shopTransactionId = '' }: Readonly<Record<string, string>>): Answer {
    const order = this.#kept(shopTransactionId);
    const ofOrder = [...this.payments.values()].filter((each) => each.shopTransactionId === order);
    const newest =
      this.fault === 'order-by-luck' ? ofOrder.at(-1) : ofOrder.findLast(({ status }) => status !== 'FAILED');
    const payment = paymentId ? this.payments.get(paymentId) : (newest ?? ofOrder.at(-1));
    const isHidden = this.fault === 'pending-is-unknown' && payment?.status === 'PENDING' && paymentId;
    if (!payment || isHidden) return [404, { detail: 'No such payment' }];
    const { amount: _amount, refunded: _refunded, currency: _currency, ...named } = payment;
    return [200, named];
  }

  #refundStatus({ refundId, idempotencyKey }: Readonly<Record<string, string>>): Answer {
    const refund = this.#refunds.find((each) =>
      refundId ? each.refundId === refundId : each.key === idempotencyKey,
    );
    if (!refund) return [404, { detail: 'No such refund' }];
    const { key: _, amount, ...named } = refund;
    return [
      200,
      { status: 'ACCEPTED', ...named, amount: this.fault === 'decimal-amounts' ? amount / 100 : amount },
    ];
  }
}
