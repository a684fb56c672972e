import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { PublicListener } from './http/public-listener.js';
import { ShutdownState } from './http/shutdown-state.js';
import { Log } from './observability/logging/log.js';
import { Store } from './persistence/store.js';
import { ExternalProviderRegistry } from './providers/external-provider.registry.js';

/**
 * Load balancers notice that the gateway is not ready; requests are still served. Orchestrators that need longer
 * delay the signal.
 */
const DRAIN_MS = 500;
/** How long after the signal requests in flight may end (SPEC §8). */
const REQUESTS_LIMIT_MS = 30_000;
/**
 * Calls to externals end earlier, as if they had timed out: their callers are answered, and their outcomes recorded.
 */
const CALLS_LIMIT_MS = REQUESTS_LIMIT_MS - 1_000;
/** For workers to release their leases, and the database to close. */
const CLOSE_LIMIT_MS = 20_000;
/**
 * After which a database that does not answer is given up: behind a pooler, each statement of a worker waits 12 s for it.
 * What they hold is left to their leases.
 */
const DATABASE_LIMIT_MS = 10_000;
/** A person does not press Ctrl-C again that soon. */
const ECHO_MS = 1_000;

/**
 * Until {@link shutDownOnSignals}: a start serves no request, and what it writes is a transaction, so that SIGTERM and
 * SIGINT end it at once with exit code 0. Returns what ends this.
 */
export function exitOnSignals(): () => void {
  process.on('SIGTERM', exit);
  process.on('SIGINT', exit);
  return () => {
    process.off('SIGTERM', exit);
    process.off('SIGINT', exit);
  };
}

function exit(): void {
  process.exit(0);
}

/**
 * Stops the gateway gracefully on SIGTERM and SIGINT, with exit code 0; a second signal ends it at once. npm passes on the
 * SIGINT that a terminal has sent to the whole process group: the same signal within a second is the first one's echo.
 */
export function shutDownOnSignals(app: NestExpressApplication): void {
  let first: { readonly signal: string; readonly at: number } | undefined;
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (first) {
      const isEcho = signal === first.signal && performance.now() - first.at < ECHO_MS;
      if (isEcho) return;
      process.exit(128 + constants.signals[signal]);
    }
    first = { signal, at: performance.now() };
    void shutDown(app, signal).then((code) => process.exit(code));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** Returns the exit code: 1 where the gateway did not close in time. */
async function shutDown(app: NestExpressApplication, signal: string): Promise<number> {
  const log = app.get<Log>(Log);
  const state = app.get(ShutdownState);
  const startedAt = performance.now();
  log.info({ signal }, 'shutting down: not ready');
  state.drain();
  const cut = setTimeout(() => {
    log.warn({ limitMs: CALLS_LIMIT_MS }, 'calls to externals are ended at their time limit');
    app.get(ExternalProviderRegistry).cut();
  }, CALLS_LIMIT_MS);
  await sleep(DRAIN_MS);
  state.close();
  const ended = await app.get(PublicListener).close(REQUESTS_LIMIT_MS - DRAIN_MS);
  if (!ended)
    log.warn(
      { limitMs: REQUESTS_LIMIT_MS },
      'requests exceeded their time limit, and their connections were closed',
    );
  const silent = setTimeout(() => abandonUnlessAnswering(app.get(Store), log), DATABASE_LIMIT_MS);
  try {
    const closed = await Promise.race([app.close().then(() => true), sleep(CLOSE_LIMIT_MS, false)]);
    if (!closed) log.error({ limitMs: CLOSE_LIMIT_MS }, 'the gateway did not close within its time limit');
    log.info({ durationMs: Math.round(performance.now() - startedAt) }, 'stopped');
    return closed ? 0 : 1;
  } catch (error) {
    log.error({ err: error }, 'shutting down failed');
    return 1;
  } finally {
    clearTimeout(cut);
    clearTimeout(silent);
  }
}

function abandonUnlessAnswering(store: Store, log: Log): void {
  store.ping().catch((error: unknown) => {
    log.warn({ err: error, limitMs: DATABASE_LIMIT_MS }, 'the database does not answer and is given up');
    store.abandon();
  });
}
