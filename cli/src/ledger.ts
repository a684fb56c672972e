import { ConfigError } from '../../src/config/config-error.js';
import type { DatabaseConfig } from '../../src/config/config.js';
import type { Environment } from '../../src/config/environment.js';
import { loadConfig } from '../../src/config/load-config.js';
import { type LedgerReader, openLedgerReader } from '../../src/persistence/ledger-reader.js';
import { CommandError, EXIT } from './exit-codes.js';

/**
 * Opens the ledger that the variables `DATABASE_…` name, to read it; other variables need not be valid.
 * @throws {CommandError} `usage` or `unreachable`
 */
export async function openLedger(env: Environment): Promise<LedgerReader> {
  const config = databaseOf(env);
  try {
    return await openLedgerReader(config);
  } catch (error) {
    throw new CommandError(await reasonOf(config, error), EXIT.unreachable);
  }
}

/** @throws {CommandError} `usage` */
export function databaseOf(env: Environment): DatabaseConfig {
  const variables = Object.entries(env).filter(([name]) => name.toUpperCase().startsWith('DATABASE_'));
  try {
    return loadConfig(Object.fromEntries(variables)).database;
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.problems.join('; '), EXIT.usage);
    throw error;
  }
}

/** The driver of PostgreSQL is loaded only where it is used. */
async function reasonOf({ kind }: DatabaseConfig, error: unknown): Promise<string> {
  if (kind === 'sqlite') return (error as Error).message;
  const { startFailure } = await import('../../src/persistence/postgres/postgres-errors.js');
  return startFailure(error).message;
}
