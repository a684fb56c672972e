import type { AddressInfo } from 'node:net';
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
  /** 0: any free port. */
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** The base of links and redirects for a payer's browser. Default: the simulator's own address. */
  readonly publicUrl?: string;
  /** The gateway's `/v3/{external}/callback`; a function is called for each attempt. Undefined: no callbacks. */
  readonly callbackUrl?: string | (() => string | undefined);
  /** `whsec_…`: signs callbacks. */
  readonly callbackSecrets?: readonly string[];
  /** Sent as `Authorization: Bearer` with callbacks that are not signed. */
  readonly callbackBearer?: string;
  /** Delays before the retries of a callback. Default: 0.5, 2, 5 and 15 s. */
  readonly callbackRetryMs?: readonly number[];
  /** `whsec_…`: the receiver verifies notifications with them. */
  readonly notificationSecrets?: readonly string[];
  /** False: the simulator ignores `Idempotency-Key`. Default: true. */
  readonly honourIdempotencyKey?: boolean;
  /** The maximum number of payments, refunds, subscriptions and keys, each. Default: 100,000. */
  readonly maxPayments?: number;
  /** Default: 10,000. */
  readonly maxNotifications?: number;
}

export interface Simulator {
  /** The external's `baseUrl`; the receiver is at `/receiver` on it. */
  readonly url: string;
  readonly port: number;
  readonly book: Book;
  /** The body of `GET /book`. */
  report(filter?: BookFilter): BookReport;
  /** The items of `GET /notifications`. */
  notifications(): readonly DeliveredNotification[];
  /** Deletes book, keys, requests and notifications, and cancels pending settlements. */
  clear(): void;
  /** Closes all connections and cancels all timers. */
  close(): Promise<void>;
}

const MAX_REQUESTS = 1_000;
const CALLBACK_RETRY_MS = [500, 2_000, 5_000, 15_000];

/** Starts an external with scenarios and a receiver; rejects where the port is in use. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const answerTimers = new Timers();
  let url = '';
  const parts = partsOf(options, () => options.publicUrl ?? url);
  const { diagnostics, receiver, requests } = parts;

  const contract = parts.external.routes();
  const server = await listen({
    port: options.port,
    host: options.host ?? '127.0.0.1',
    routes: { ...contract, ...receiver.routes(), ...parts.checkout.routes(), ...diagnostics.routes() },
    after: (delayMs, work) => answerTimers.after(delayMs, work),
    observe: (call, wire, route) => {
      if (route === undefined || route in contract) requests.add(Date.now(), call, wire);
    },
  });
  const { address, port } = server.address() as AddressInfo;
  url = `http://${connectable(address)}:${port}`;

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

function partsOf(options: SimulatorOptions, publicUrl: () => string) {
  const { maxPayments = 100_000, maxNotifications = 10_000, callbackUrl } = options;
  const settlementTimers = new Timers();
  const book = new Book(maxPayments);
  const answers = new IdempotentAnswers(maxPayments, options.honourIdempotencyKey ?? true);
  const callbackOptions: CallbackOptions = {
    url: typeof callbackUrl === 'function' ? callbackUrl : () => callbackUrl,
    secrets: options.callbackSecrets ?? [],
    bearer: options.callbackBearer,
    retryMs: options.callbackRetryMs ?? CALLBACK_RETRY_MS,
  };
  const callbacks = new CallbackSender(callbackOptions, settlementTimers);
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
    receiver: new Receiver(options.notificationSecrets ?? [], maxNotifications),
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

/** The address for clients: loopback where the server listens on all addresses. */
function connectable(address: string): string {
  if (address === '0.0.0.0' || address === '::') return '127.0.0.1';
  return address.includes(':') ? `[${address}]` : address;
}
