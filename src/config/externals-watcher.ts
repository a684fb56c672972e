import { ConfigError } from './config-error.js';
import type { ExternalsSource } from './config.js';
import type { Environment } from './environment.js';
import type { ExternalConfig } from './external-config.js';
import { readExternalsFile, readTextFile } from './externals-file.js';
import { FileWatcher, type FileWatcherOptions } from './file-watcher.js';

export interface ExternalsListener {
  /** The file has changed and is valid: these externals replace the previous ones. */
  onExternals(externals: readonly ExternalConfig[]): void;
  /** The file has changed and is not valid: the previous externals stay in force (SPEC §6). */
  onRejected(error: ConfigError): void;
}

type FileSource = Extract<ExternalsSource, { kind: 'file' }>;

/**
 * Reads the externals file again when its content changes, or that of a file which it names (`${file:…}`,
 * certificates). The caller reads it for the first time with `readExternalsFile`, after this call, so that a change
 * in between is reported.
 */
export function watchExternalsFile(
  source: FileSource,
  listener: ExternalsListener,
  env: Environment = process.env,
  options?: FileWatcherOptions,
): FileWatcher {
  let named = new Set([source.path]);
  const reread = (): readonly ExternalConfig[] | ConfigError => {
    const used = new Set([source.path]);
    const result = read(source, env, used);
    // An error may hide which files are named: the previous ones stay watched.
    named = result instanceof ConfigError ? new Set([...named, ...used]) : used;
    watcher.setPaths([...named]);
    return result;
  };
  const watcher = new FileWatcher(
    [source.path],
    () => {
      const result = reread();
      if (result instanceof ConfigError) listener.onRejected(result);
      else listener.onExternals(result);
    },
    options,
  );
  reread();
  return watcher;
}

/** Adds the path of each file that it reads to `used`. */
function read(
  source: FileSource,
  env: Environment,
  used: Set<string>,
): readonly ExternalConfig[] | ConfigError {
  try {
    return readExternalsFile(source, env, (path) => {
      used.add(path);
      return readTextFile(path);
    });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}
