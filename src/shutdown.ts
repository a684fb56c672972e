import type { Server } from 'node:http';
import { constants } from 'node:os';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ShutdownState } from './http/shutdown-state.js';
import { Log } from './observability/logging/log.js';

/** For whoever watches readiness; requests are still served. Orchestrators that need longer wait before they send the signal. */
const DRAIN_MS = 500;
/** SPEC §8: what requests in flight have to end. */
const REQUESTS_LIMIT_MS = 30_000;
/** Workers hand back, calls under way end, the database closes. */
const CLOSE_LIMIT_MS = 20_000;
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
  await sleep(DRAIN_MS);
  state.close();
  const ended = await closeServer(app.getHttpServer());
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
  }
}

/** No new connections; those that are open end with their answer. False where some had to be cut. */
async function closeServer(server: Server): Promise<boolean> {
  // An answer that was begun before the shutdown leaves its connection open: it is idle once the answer is out.
  const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
  let limit: NodeJS.Timeout | undefined;
  const closed = new Promise<boolean>((resolve) => {
    server.close(() => resolve(true));
    limit = setTimeout(() => resolve(false), REQUESTS_LIMIT_MS);
  });
  const ended = await closed;
  clearInterval(sweep);
  clearTimeout(limit);
  if (!ended) server.closeAllConnections();
  return ended;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
