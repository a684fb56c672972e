import type { Server as HttpServer } from 'node:http';
import { Server } from 'node:net';
import { constants } from 'node:os';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ShutdownState } from './http/shutdown-state.js';
import { Log } from './observability/logging/log.js';
import { ExternalProviderRegistry } from './providers/external-provider.registry.js';

/** For whoever watches readiness; requests are still served. Orchestrators that need longer wait before they send the signal. */
const DRAIN_MS = 500;
/** SPEC §8: what requests in flight have to end, from the signal on. */
const REQUESTS_LIMIT_MS = 30_000;
/** Calls to externals end a moment before, as if their time were over: their callers are still answered, and the books are right. */
const CALLS_LIMIT_MS = REQUESTS_LIMIT_MS - 1_000;
/** Workers hand back, the database closes. */
const CLOSE_LIMIT_MS = 20_000;
const ACCEPT_LIMIT_MS = 1_000;
const IDLE_SWEEP_MS = 25;

/** Stops the gateway gracefully on SIGTERM and SIGINT, with exit code 0; a second signal ends it at once. */
export function shutDownOnSignals(app: NestExpressApplication): void {
  let begun = false;
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (begun) process.exit(128 + constants.signals[signal]);
    begun = true;
    void shutDown(app, signal).then((code) => process.exit(code));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** Returns the exit code. */
async function shutDown(app: NestExpressApplication, signal: string): Promise<number> {
  const log = app.get<Log>(Log);
  const state = app.get(ShutdownState);
  const startedAt = performance.now();
  log.info({ signal }, 'shutting down: not ready any more');
  state.drain();
  const cut = setTimeout(() => {
    log.warn({ limitMs: CALLS_LIMIT_MS }, 'calls to externals took too long to end, and are cut');
    app.get(ExternalProviderRegistry).cut();
  }, CALLS_LIMIT_MS);
  await sleep(DRAIN_MS);
  state.close();
  const ended = await closeServer(app.getHttpServer(), REQUESTS_LIMIT_MS - DRAIN_MS);
  if (!ended)
    log.warn({ limitMs: REQUESTS_LIMIT_MS }, 'requests took too long to end, their connections were cut');
  try {
    const closed = await Promise.race([
      app.close().then(() => true),
      sleep(CLOSE_LIMIT_MS).then(() => false),
    ]);
    if (!closed) log.error({ limitMs: CLOSE_LIMIT_MS }, 'not everything could be closed in time');
    log.info({ durationMs: Math.round(performance.now() - startedAt) }, 'stopped');
    return closed ? 0 : 1;
  } catch (error) {
    log.error({ err: error }, 'shutting down failed');
    return 1;
  } finally {
    clearTimeout(cut);
  }
}

/** No new connections; those that are open end with their answer. False where some had to be cut. */
async function closeServer(server: HttpServer, limitMs: number): Promise<boolean> {
  await acceptAll(server);
  let limit: NodeJS.Timeout | undefined;
  const closed = new Promise<boolean>((resolve) => {
    // Not http's own `close`: it cuts at once whoever has no request under way, and a first request may wait to be read.
    Server.prototype.close.call(server, () => resolve(true));
    limit = setTimeout(() => resolve(false), limitMs);
  });
  // An answer that was begun before the shutdown leaves its connection open: it is idle once the answer is out.
  const sweep = setInterval(() => {
    void lookAtTheNetwork().then(() => server.closeIdleConnections());
  }, IDLE_SWEEP_MS);
  const ended = await closed;
  clearInterval(sweep);
  clearTimeout(limit);
  if (!ended) server.closeAllConnections();
  return ended;
}

/**
 * Closing resets whoever has connected and was not accepted yet, and the event loop accepts one a turn: a turn without a new
 * connection says that nobody waits. Bounded, for a crowd may come faster than that.
 */
async function acceptAll(server: HttpServer): Promise<void> {
  let accepted = 0;
  const count = (): void => void (accepted += 1);
  server.on('connection', count);
  const until = performance.now() + ACCEPT_LIMIT_MS;
  for (let before = -1; before !== accepted && performance.now() < until;) {
    before = accepted;
    await lookAtTheNetwork();
  }
  server.off('connection', count);
}

/** Resolves right after the event loop has looked who connects, and read what the others had sent until then. */
function lookAtTheNetwork(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
