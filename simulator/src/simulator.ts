import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { reportOf, type BookFilter, type BookReport } from './book-report.js';
import { Book } from './book.js';
import { callbackUrlOf, CallbackSender } from './callbacks.js';
import { checkoutRoutes } from './checkout-page.js';
import { diagnosticsRoutes } from './diagnostics.js';
import { createApp } from './http.js';
import { ContractApi } from './operations.js';
import { NO_MEMORY, openMemory } from './memory.js';
import { MAX_PAYMENTS, type SimulatorOptions } from './options.js';
import type { DeliveredNotification } from './delivered-notification.js';
import { Receiver } from './receiver.js';
import { RequestLog } from './request-log.js';
import { Settlement } from './settlement.js';
import { shopRoutes } from './shop-page.js';
import { Timers } from './timers.js';

export type { SimulatorOptions } from './options.js';
export { SCENARIOS, type ScenarioName } from './scenarios.js';

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

/**
 * Starts an external with scenarios and a receiver; rejects where the port is in use (unless `orAnyPort`), or another
 * process uses the memory.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  let url = '';
  const publicUrl = (): string => options.publicUrl ?? url;
  const memory = options.memoryPath === undefined ? NO_MEMORY : openMemory(options.memoryPath);
  const timers = new Timers();
  const book = new Book(options.maxPayments ?? MAX_PAYMENTS, memory);
  const callbacks = new CallbackSender(options, timers);
  const settlement = new Settlement(book, timers, callbacks, memory);
  const checkoutUrl = (paymentId: string): string => `${publicUrl()}/checkout/${paymentId}`;
  const contract = new ContractApi(options, { book, settlement, checkoutUrl }, memory);
  const receiver = new Receiver(options, memory);
  const requests = new RequestLog();
  const clearBook = (): void => {
    for (const part of [timers, settlement, book, contract, callbacks]) part.clear();
    memory.commit();
  };

  const diagnostics = diagnosticsRoutes({
    book,
    contract,
    callbacks,
    requests,
    publicUrl,
    gatewayUrl: () => callbackUrlOf(options)?.replace(/\/callback$/, ''),
    remembers: memory !== NO_MEMORY,
    clearBook,
  });
  const shop = shopRoutes(book, (paymentId) => receiver.notificationsOf(paymentId));
  const app = createApp({
    contract: contract.routes,
    pages: { ...receiver.routes, ...checkoutRoutes(book, settlement, memory), ...shop, ...diagnostics },
    record: (request, response) => requests.add(request, response),
  });
  const server = createServer(app);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  try {
    await listen(server, options);
  } catch (error) {
    memory.close();
    throw error;
  }
  settlement.resume();
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
      memory.commit();
    },
    close: async () => {
      timers.clear();
      callbacks.close();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      memory.close();
    },
  };
}

async function listen(
  server: Server,
  { port, host = '127.0.0.1', orAnyPort }: SimulatorOptions,
): Promise<void> {
  try {
    await once(server.listen(port, host), 'listening');
  } catch (error) {
    if (!orAnyPort || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    await once(server.listen(0, host), 'listening');
  }
}

/** The address for clients: loopback where the server listens on all addresses. */
function connectable(address: string): string {
  if (address === '0.0.0.0' || address === '::') return '127.0.0.1';
  return address.includes(':') ? `[${address}]` : address;
}
