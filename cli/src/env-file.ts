import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { type Environment, processEnvironment } from '../../src/config/environment.js';
import { errorCode } from '../../src/config/placeholder.js';
import { CommandError, EXIT } from './exit-codes.js';

/**
 * The variables of a file in the format of `.env`, or of this process where none is named.
 * @throws {CommandError} `usage` where it cannot be read
 */
export function readEnvironment(path: string | undefined): Environment {
  if (path === undefined) return processEnvironment();
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CommandError(`cannot read ${path}: ${errorCode(error)}`, EXIT.usage);
  }
}
