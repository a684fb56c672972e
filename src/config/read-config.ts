import { ConfigError } from './config-error.js';
import type { Config } from './config.js';
import type { Environment } from './environment.js';
import { ExternalsFileError } from './externals-file-error.js';
import { readExternalsFile } from './externals-file.js';
import { loadConfig } from './load-config.js';

/**
 * Reads the configuration at the start. The externals file is checked even where the environment has problems, so that
 * the operator sees all of them at once (SPEC §6).
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
    // A ConfigError is reported already, and until it is fixed the requirements of the file are not known.
    if (error instanceof ConfigError) return [];
    if (error instanceof ExternalsFileError) return error.message.split('\n');
    throw error;
  }
}
