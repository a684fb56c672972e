import { ConfigError } from './config-error.js';
import type { Config } from './config.js';
import type { Environment } from './environment.js';
import { ExternalsFileError } from './externals-file-error.js';
import { readExternalsFile } from './externals-file.js';
import { loadConfig } from './load-config.js';

/**
 * The configuration for the start. Where the environment has a mistake, the externals file is read all the same: whoever mends one
 * should not find the other only then (SPEC §6).
 *
 * @throws ConfigError with every problem of both at once
 */
export function readConfig(env: Environment = process.env): Config {
  try {
    return loadConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError([...error.problems, ...problemsOfExternals(env)]);
  }
}

function problemsOfExternals(env: Environment): readonly string[] {
  const { EXTERNAL_PROVIDERS_CONFIG, ENABLED_PROVIDERS, REQUIRE_CALLBACK_AUTH } = env;
  try {
    const { externals } = loadConfig({ EXTERNAL_PROVIDERS_CONFIG, ENABLED_PROVIDERS, REQUIRE_CALLBACK_AUTH });
    if (externals.kind === 'file') readExternalsFile(externals, env);
    return [];
  } catch (error) {
    // A ConfigError is told already, and as long as it is there nobody knows what the file must have.
    if (error instanceof ConfigError) return [];
    if (error instanceof ExternalsFileError) return error.message.split('\n');
    throw error;
  }
}
