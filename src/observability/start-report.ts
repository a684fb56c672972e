import { resolve } from 'node:path';
import { configurationWarnings, externalsWarnings } from '../config/configuration-warnings.js';
import type { Config } from '../config/config.js';
import type { ExternalConfig } from '../config/external-config.js';
import { VERSION } from './version.js';

/** The one log line of a start. */
type StartReport = Readonly<Record<string, unknown>> & { readonly warnings: readonly string[] };

/**
 * Version and configuration, without secrets (SPEC §8). `isLedgerEmpty`: no operation was ever stored in it.
 * `warnings`: those that neither the configuration nor the externals give.
 */
export function startReport(
  config: Config,
  externals: readonly ExternalConfig[],
  address: string,
  isLedgerEmpty = false,
  warnings: readonly string[] = [],
): StartReport {
  const { database, notifications, callers } = config;
  return {
    version: VERSION,
    node: process.versions.node,
    address,
    production: config.production,
    database: databaseName(database),
    // In capitals: after the first start it means that payments are stored elsewhere, and could be executed again.
    ledger: isLedgerEmpty ? 'NEW, EMPTY LEDGER' : 'in use',
    callerAuth: callers.auth,
    externals: externals.map(({ name, auth, callbackAuth }) => ({
      name,
      auth: auth.type,
      callbackAuth: callbackAuth.type,
    })),
    // Only the host: the path may hold a token.
    receiver:
      notifications.receiverUrl === undefined
        ? config.externals.kind === 'simulator'
          ? 'simulator'
          : 'none'
        : new URL(notifications.receiverUrl).host,
    workers: config.workers,
    tracing: config.otlpEndpoint !== undefined,
    warnings: [...warnings, ...configurationWarnings(config), ...externalsWarnings(externals, config)],
  };
}

/** The absolute path of a SQLite file. PostgreSQL's URL holds a password. */
function databaseName(database: Config['database']): string {
  if (database.kind === 'postgres') return 'postgres';
  return `sqlite:${database.path === ':memory:' ? database.path : resolve(database.path)}`;
}
