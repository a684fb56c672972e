import { ConfigError } from './config/config-error.js';
import { DatabaseTooNew } from './persistence/migrations/migrate.js';
import { DatabaseInUse, LedgerDamaged } from './persistence/sqlite/sqlite-file.js';
import { StorageUnavailable, UnusableDatabase } from './persistence/store.js';

/**
 * Errors that an operator can fix: their message suffices. Others are internal errors and are printed with their
 * stack.
 */
const OPERATOR_ERRORS = [
  ConfigError,
  DatabaseInUse,
  DatabaseTooNew,
  LedgerDamaged,
  StorageUnavailable,
  UnusableDatabase,
];

/** Why the gateway cannot listen, by the code of the system. */
const LISTEN_PROBLEMS: Readonly<Record<string, (address: string, port: number) => string>> = {
  EADDRINUSE: (address, port) =>
    `HTTP_PORT: another program listens on ${address}, port ${port}: stop it, or set HTTP_PORT to another port`,
  EACCES: (_, port) =>
    `HTTP_PORT: this user must not listen on port ${port}: set HTTP_PORT to 1024 or higher, or give the process the capability`,
  EADDRNOTAVAIL: (address) => `HTTP_HOST: ${address} is no address of this machine`,
};

/** What a failed start prints. */
export function startFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const {
    syscall,
    code = '',
    address = '',
    port,
  } = error as NodeJS.ErrnoException & {
    readonly address?: string;
    readonly port?: number;
  };
  // The error of the METRICS_PORT listener names that setting itself, and has no port.
  const problem = syscall === 'listen' && port !== undefined ? LISTEN_PROBLEMS[code] : undefined;
  if (problem) return problem(address, port!);
  if (syscall === 'getaddrinfo') return `HTTP_HOST: no address is known for this name (${error.message})`;
  // Errors of system calls: a file cannot be read.
  const isForOperator = OPERATOR_ERRORS.some((type) => error instanceof type) || syscall !== undefined;
  return isForOperator ? error.message : (error.stack ?? error.message);
}
