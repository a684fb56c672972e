import type { AddressInfo } from 'node:net';
import type { Secret } from '../sensitive/secret.js';
import { SystemClock, type Clock } from '../shared/clock.js';
import type { BookFilter, BookReport } from './book-report.js';
import { Book } from './book.js';
import { CallbackSender, type CallbackOptions } from './callback-sender.js';
import { CheckoutPage } from './checkout-page.js';
import { Diagnostics } from './diagnostics.js';
import { External } from './external.js';
import { listen } from './http-server.js';
import { IdempotentAnswers } from './idempotent-answers.js';
import { PaymentOperations } from './payment-operations.js';
import { Receiver, type DeliveredNotification } from './receiver.js';
import { RequestLog } from './request-log.js';
import { Settlement } from './settlement.js';
import { SubscriptionOperations } from './subscription-operations.js';
import { Timers } from './timers.js';

export interface SimulatorOptions {
  /** 0: any free one. */
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Where a payer's browser reaches it, for links and redirects. Default: where it listens. */
  readonly publicUrl?: string;
  /** The gateway's `/v3/{external}/callback`; a function is asked at each callback. Undefined: none is sent. */
  readonly callbackUrl?: string | (() => string | undefined);
  /** `whsec_…`: callbacks are signed. */
  readonly callbackSecrets?: readonly Secret[];
  /** Callbacks carry it as `Authorization: Bearer`, unless they are signed. */
  readonly callbackBearer?: Secret;
  /** Waits before each repeat of a callback that was not acknowledged. Default 0.5, 2, 5 and 15 s. */
  readonly callbackRetryMs?: readonly number[];
  /** `whsec_…`: the receiver verifies with them. */
  readonly notificationSecrets?: readonly Secret[];
  /** False: `Idempotency-Key` is ignored, to see what repeats do at such an external. Default true. */
  readonly honourIdempotencyKey?: boolean;
  /** Bounds payments, refunds, subscriptions and keys, each. Default 100,000. */
  readonly maxPayments?: number;
  /** Default 10,000. */
  readonly maxNotifications?: number;
  readonly clock?: Clock;
}

export interface Simulator {
  /** The external's `baseUrl`; the receiver is at `/receiver` below it. */
  readonly url: string;
  readonly port: number;
  readonly book: Book;
  /** What `GET /book` tells. */
  report(filter?: BookFilter): BookReport;
  /** What `GET /notifications` tells. */
  notifications(): readonly DeliveredNotification[];
  /** Forgets everything: book, keys, requests, notifications, and what was due later. */
  clear(): void;
  /** Cuts every connection and drops what is due. */
  close(): Promise<void>;
}

const MAX_REQUESTS = 1_000;
const CALLBACK_RETRY_MS = [500, 2_000, 5_000, 15_000];

/** Starts an external with scenarios and a receiver (DESIGN, `simulator/`); rejects where the port is taken. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const clock = options.clock ?? new SystemClock();
  const answerTimers = new Timers();
  let url = '';
  const parts = partsOf(options, clock, () => options.publicUrl ?? url);
  const { diagnostics, receiver, requests } = parts;

  const contract = parts.external.routes();
  const server = await listen({
    port: options.port,
    host: options.host ?? '127.0.0.1',
    routes: { ...contract, ...receiver.routes(), ...parts.checkout.routes(), ...diagnostics.routes() },
    after: (delayMs, work) => answerTimers.after(delayMs, work),
    observe: (call, wire, route) => {
      if (route === undefined || route in contract) requests.add(clock.now(), call, wire);
    },
  });
  const { address, port } = server.address() as AddressInfo;
  url = `http://${dialled(address)}:${port}`;

  return {
    url,
    port,
    book: parts.book,
    report: (filter) => diagnostics.report(filter),
    notifications: () => receiver.notifications,
    clear: () => {
      diagnostics.clearBook();
      requests.clear();
      receiver.clear();
    },
    close: async () => {
      answerTimers.clear();
      parts.settlementTimers.clear();
      parts.callbacks.close();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

function partsOf(options: SimulatorOptions, clock: Clock, publicUrl: () => string) {
  const { maxPayments = 100_000, maxNotifications = 10_000, callbackUrl } = options;
  const settlementTimers = new Timers();
  const book = new Book(maxPayments, clock);
  const answers = new IdempotentAnswers(maxPayments, options.honourIdempotencyKey ?? true);
  const callbackOptions: CallbackOptions = {
    url: typeof callbackUrl === 'function' ? callbackUrl : () => callbackUrl,
    secrets: options.callbackSecrets ?? [],
    bearer: options.callbackBearer,
    retryMs: options.callbackRetryMs ?? CALLBACK_RETRY_MS,
  };
  const callbacks = new CallbackSender(callbackOptions, settlementTimers, clock);
  const settlement = new Settlement(book, settlementTimers, callbacks);
  const payments = new PaymentOperations(
    book,
    settlement,
    (paymentId) => `${publicUrl()}/checkout/${paymentId}`,
  );
  const subscriptions = new SubscriptionOperations(book, settlement, payments);
  const external = new External(payments, subscriptions, answers);
  const requests = new RequestLog(MAX_REQUESTS);
  return {
    book,
    external,
    callbacks,
    settlementTimers,
    requests,
    checkout: new CheckoutPage(book, settlement),
    receiver: new Receiver(options.notificationSecrets ?? [], maxNotifications, clock),
    diagnostics: new Diagnostics({
      book,
      answers,
      external,
      callbacks,
      requests,
      settlementTimers,
      publicUrl,
    }),
  };
}

/** An address that can be dialled, for one that may be the wildcard. */
function dialled(address: string): string {
  if (address === '0.0.0.0' || address === '::') return '127.0.0.1';
  return address.includes(':') ? `[${address}]` : address;
}
