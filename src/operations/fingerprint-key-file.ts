import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from '../config/config-error.js';
import type { DatabaseConfig } from '../config/config.js';
import { decodeFingerprintKey } from '../config/fingerprint-keys.js';
import { errorCode } from '../config/placeholder.js';

const KEY_BYTES = 32;
/** Of a gateway in development on PostgreSQL, whose ledger is no file: in the folder of the default one. */
const WITHOUT_LEDGER_FILE = 'data/fingerprint-key';

/** Where the key is kept if `FINGERPRINT_KEY` is not set; undefined if the ledger is in memory. */
export function fingerprintKeyPath(database: DatabaseConfig): string | undefined {
  if (database.kind === 'postgres') return WITHOUT_LEDGER_FILE;
  return database.path === ':memory:' ? undefined : `${database.path}.fingerprint-key`;
}

/**
 * The key of the file, which is made if there is none, for its owner alone (0600). Processes that start at the same
 * time make one file.
 * @throws ConfigError
 */
export function readOrMakeFingerprintKey(path: string): Buffer {
  try {
    mkdirSync(dirname(path), { recursive: true });
    makeUnlessThere(path);
    const key = decodeFingerprintKey(readFileSync(path, 'utf8').trim());
    if (key) return key;
  } catch (error) {
    throw new ConfigError([
      `FINGERPRINT_KEY: must be set where ${path} cannot be read and written; got ${errorCode(error)}`,
    ]);
  }
  throw new ConfigError([`FINGERPRINT_KEY: must be set where ${path} is not a key; got nothing`]);
}

function makeUnlessThere(path: string): void {
  const own = `${path}.${randomBytes(6).toString('hex')}`;
  const file = openSync(own, 'wx', 0o600);
  try {
    writeFileSync(file, `${randomBytes(KEY_BYTES).toString('hex')}\n`);
    fsyncSync(file);
    // Complete from the first moment, and never over another one.
    linkSync(own, path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    closeSync(file);
    rmSync(own, { force: true });
  }
}
