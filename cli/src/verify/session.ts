import { setTimeout as sleep } from 'node:timers/promises';
import { OPERATIONS, type OperationName } from '../../../src/config/external-operation.js';
import { Exchange, ExchangeBroken } from '../../../src/outbound/exchange.js';
import { ANSWER_TYPES, type AnswerTo } from '../../../src/providers/answers.js';
import { readAnswer } from '../../../src/providers/answer-reader.js';
import { HttpCall, requestHeaders } from '../../../src/providers/http-call.js';
import { classify } from '../../../src/providers/outcome-table.js';
import type { ProviderOutcome } from '../../../src/providers/provider-outcome.js';
import type { ContractResult } from '../../../src/rules/contract-reader.js';
import { newIdentifier, randomHex } from '../../../src/shared/identifier.js';
import { NotTried } from './check-errors.js';
import type { Kit } from './kit.js';
import type { Exchanged } from './recording-client.js';
import type { SandboxData, SandboxKind, SandboxPayment } from './sandbox-data.js';

/** How often a 429 is waited out, and for how long at most. */
const MAX_THROTTLED = 3;
const MAX_THROTTLED_MS = 5_000;
const DEFAULT_AMOUNT = 1_000;

/** What an operation was answered, as the gateway understands it. */
export interface Reply<A> {
  readonly operation: OperationName;
  readonly outcome: ProviderOutcome<A>;
  readonly exchanged: Exchanged | undefined;
}

export interface PayBody {
  readonly amount: number;
  readonly currency: string;
  readonly shopTransactionId: string;
  readonly successRedirectUrl?: string;
  readonly failureRedirectUrl?: string;
  readonly providerData?: object;
}

interface CallOptions {
  /** The `Idempotency-Key`. Default: a new one. */
  readonly key?: string | undefined;
  /** Cuts the connection. Default: the external's time-out does. */
  readonly cut?: AbortSignal | undefined;
  /** Called right before the first byte. */
  readonly beforeSend?: (() => void) | undefined;
}

interface Call extends CallOptions {
  readonly path?: string;
  readonly body?: object;
  readonly queried?: Readonly<Record<string, string>>;
}

/** One run of one check: the gateway's calls, on connections of its own. */
export class Session {
  /** Why connections were closed although HTTP allowed further use. */
  readonly discards: string[] = [];
  readonly #client;

  constructor(readonly kit: Kit) {
    this.#client = kit.newClient((reason) => this.discards.push(reason));
  }

  get data(): SandboxData {
    return this.kit.options.data;
  }

  get exchanges(): readonly Exchanged[] {
    return this.#client.exchanges;
  }

  /** @throws NotTried where the author's data has no such payment */
  sandbox(kind: SandboxKind): SandboxPayment {
    const payment = this.data[kind];
    if (!payment) throw new NotTried(`the file of --data has no "${kind}"`);
    return payment;
  }

  /** A new order, as shops name them. */
  newOrder(): string {
    return `order-${randomHex(6)}`;
  }

  newKey(): string {
    return newIdentifier('idk', this.kit.clock.now());
  }

  /** The body of a payment of the sandbox, for a new order. */
  payBody(payment: SandboxPayment = this.data.accepted, fields: Partial<PayBody> = {}): PayBody {
    const [first = 'EUR'] = this.data.currencies;
    const { amount = DEFAULT_AMOUNT, currency = first, providerData } = payment;
    return {
      amount,
      currency,
      shopTransactionId: this.newOrder(),
      ...(providerData && { providerData }),
      ...fields,
    };
  }

  pay(body: object, options: CallOptions = {}): Promise<Reply<AnswerTo<'pay'>>> {
    return this.call('pay', { ...options, body });
  }

  refund(body: object, options: CallOptions = {}): Promise<Reply<AnswerTo<'refund'>>> {
    return this.call('refund', { ...options, body });
  }

  cancel(paymentId: string, options: CallOptions = {}): Promise<Reply<AnswerTo<'cancel'>>> {
    return this.call('cancel', { ...options, body: { paymentId } });
  }

  status(queried: Readonly<Record<string, string>>): Promise<Reply<AnswerTo<'status'>>> {
    return this.call('status', { path: `status?${new URLSearchParams(queried).toString()}`, queried });
  }

  refundStatus(query: Readonly<Record<string, string>>): Promise<Reply<AnswerTo<'refund/status'>>> {
    const { idempotencyKey: _, ...queried } = query;
    return this.call('refund/status', {
      path: `refund/status?${new URLSearchParams(query).toString()}`,
      queried,
    });
  }

  /** Calls an operation as the gateway does, once. A 429 is waited out, as callers would. */
  async call<N extends OperationName>(operation: N, call: Call = {}): Promise<Reply<AnswerTo<N>>> {
    for (let throttled = 0; ; throttled += 1) {
      const reply = await this.#attempt(operation, call);
      const { outcome } = reply;
      const isThrottled = outcome.kind === 'not-executed' && outcome.reason === 'throttled';
      if (!isThrottled || throttled === MAX_THROTTLED) return reply;
      await this.sleep(Math.min(outcome.retryAfterMs ?? 0, MAX_THROTTLED_MS));
    }
  }

  /** Sends what the gateway never sends: another method, path or body. The answer is read as one to `pay`. */
  async send(method: string, path: string, body?: string): Promise<Reply<AnswerTo<'pay'>>> {
    const { clock, options } = this.kit;
    const { origin, basePath } = this.kit.transport(this.#client);
    const context = { requestId: this.#requestId() };
    const exchange = new Exchange(
      {
        method,
        origin,
        target: `${basePath}/${path}`,
        headers: {
          ...requestHeaders({ method }, context, body !== undefined, clock.now()),
          ...(await this.kit.credentials(options.signal)),
        },
        body,
      },
      { timeoutMs: options.external.timeoutMs, signal: options.signal },
    );
    const end = await this.#client.send(exchange).catch(asBroken);
    options.signal.throwIfAborted();
    const { outcome } = classify(end, OPERATIONS.pay, readPayAnswer, clock.now());
    return { operation: 'pay', outcome, exchanged: this.#client.last() };
  }

  /** Opens connections, so that the next `count` requests can be on the wire at the same moment. */
  async warmUp(count: number): Promise<void> {
    const query = (): Promise<unknown> => this.status({ paymentId: `${this.newOrder()}-unknown` });
    await Promise.all(Array.from({ length: count }, query));
  }

  /** Rejects where the kit is interrupted. */
  async sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.kit.options.signal });
  }

  /** Closes the connections; what is in flight on them is cut. */
  async close(): Promise<void> {
    await this.#client.destroy();
  }

  async #attempt<N extends OperationName>(
    operation: N,
    { path = operation, body, queried = {}, key, cut, beforeSend }: Call,
  ): Promise<Reply<AnswerTo<N>>> {
    const { external, signal } = this.kit.options;
    const requestId = this.#requestId();
    const call = new HttpCall(
      this.kit.transport(this.#client),
      {
        operation,
        path: `/${path}`,
        body,
        answerType: ANSWER_TYPES[operation] as new () => AnswerTo<N>,
        queried,
        compatibility: external.compatibility,
      },
      { requestId, traceparent: newTraceparent(), idempotencyKey: key, ...(beforeSend && { beforeSend }) },
    );
    const deadline = AbortSignal.timeout(external.timeoutMs);
    const outcome = await call.attempt(1, AbortSignal.any([signal, deadline, ...(cut ? [cut] : [])]));
    signal.throwIfAborted();
    return { operation, outcome, exchanged: this.#exchangeOf(requestId) };
  }

  #requestId(): string {
    return newIdentifier('req', this.kit.clock.now());
  }

  #exchangeOf(requestId: string): Exchanged | undefined {
    return this.exchanges.findLast(({ exchange }) => exchange.request.headers['x-request-id'] === requestId);
  }
}

function readPayAnswer(json: unknown): ContractResult<AnswerTo<'pay'>> {
  return readAnswer(ANSWER_TYPES.pay, json, {});
}

/** As of a gateway with traces. */
function newTraceparent(): string {
  return `00-${randomHex(16)}-${randomHex(8)}-01`;
}

function asBroken(error: unknown): ExchangeBroken {
  if (error instanceof ExchangeBroken) return error;
  throw error;
}
