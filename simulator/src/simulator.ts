import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { reportOf, type BookFilter, type BookReport } from './book-report.js';
import { Book } from './book.js';
import { CallbackSender } from './callbacks.js';
import { checkoutRoutes } from './checkout-page.js';
import { diagnosticsRoutes } from './diagnostics.js';
import { createApp } from './http.js';
import { ContractApi } from './operations.js';
import { MAX_PAYMENTS, type SimulatorOptions } from './options.js';
import { Receiver, type DeliveredNotification } from './receiver.js';
import { RequestLog } from './request-log.js';
import { Settlement } from './settlement.js';
import { Timers } from './timers.js';

export type { SimulatorOptions } from './options.js';

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

/** Longer than the gateway keeps an idle connection, so that only the gateway closes one. */
const KEEP_ALIVE_MS = 65_000;

/** Starts an external with scenarios and a receiver; rejects where the port is in use. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  let url = '';
  const publicUrl = (): string => options.publicUrl ?? url;
  const timers = new Timers();
  const book = new Book(options.maxPayments ?? MAX_PAYMENTS);
  const callbacks = new CallbackSender(options, timers);
  const settlement = new Settlement(book, timers, callbacks);
  const checkoutUrl = (paymentId: string): string => `${publicUrl()}/checkout/${paymentId}`;
  const contract = new ContractApi(options, { book, settlement, checkoutUrl });
  const receiver = new Receiver(options);
  const requests = new RequestLog();
  const clearBook = (): void => {
    for (const part of [timers, book, contract, callbacks]) part.clear();
  };

  const diagnostics = diagnosticsRoutes({ book, contract, callbacks, requests, publicUrl, clearBook });
  const app = createApp({
    contract: contract.routes,
    pages: { ...receiver.routes, ...checkoutRoutes(book, settlement), ...diagnostics },
    record: (request, response) => requests.add(request, response),
  });
  const server = createServer(app).listen(options.port, options.host ?? '127.0.0.1');
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await once(server, 'listening');
  const { address, port } = server.address() as AddressInfo;
  url = `http://${connectable(address)}:${port}`;

  return {
    url,
    port,
    book,
    report: (filter) => reportOf({ book, contract, callbacks }, filter),
    notifications: () => receiver.notifications,
    clear: () => {
      clearBook();
      requests.clear();
      receiver.clear();
    },
    close: async () => {
      timers.clear();
      callbacks.close();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

/** The address for clients: loopback where the server listens on all addresses. */
function connectable(address: string): string {
  if (address === '0.0.0.0' || address === '::') return '127.0.0.1';
  return address.includes(':') ? `[${address}]` : address;
}
