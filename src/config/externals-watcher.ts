import type { ExternalsSource } from './config.js';
import type { Environment } from './environment.js';
import type { ExternalConfig } from './external-config.js';
import { ExternalsFileError } from './externals-file-error.js';
import { readExternalsFile, readTextFile } from './externals-file.js';
import { watchFiles, type FileWatcher, type FileWatcherOptions } from './file-watcher.js';

export interface ExternalsListener {
  /** The file was changed and is valid: these are the externals from now on. */
  onExternals(externals: readonly ExternalConfig[]): void;
  /** The file was changed and is not valid: what was there before stays (SPEC §6). */
  onRejected(error: ExternalsFileError): void;
}

type FileSource = Extract<ExternalsSource, { kind: 'file' }>;

/**
 * Reads the externals file again when its content changes, or that of a file which it names (`${file:…}`, certificates).
 * The first reading is the caller's, `readExternalsFile`, and comes after this call: a change in between is then told
 * rather than lost.
 */
export function watchExternalsFile(
  source: FileSource,
  listener: ExternalsListener,
  env: Environment = process.env,
  options?: FileWatcherOptions,
): FileWatcher {
  let named = new Set([source.path]);
  const reread = (): readonly ExternalConfig[] | ExternalsFileError => {
    const asked = new Set([source.path]);
    const result = read(source, env, asked);
    // A mistake may hide which files are named: those of before stay watched.
    named = result instanceof ExternalsFileError ? new Set([...named, ...asked]) : asked;
    watcher.setPaths([...named]);
    return result;
  };
  const watcher = watchFiles(
    [source.path],
    () => {
      const result = reread();
      if (result instanceof ExternalsFileError) listener.onRejected(result);
      else listener.onExternals(result);
    },
    options,
  );
  reread();
  return watcher;
}

/** Reads, and notes in `asked` each file that was asked for. */
function read(
  source: FileSource,
  env: Environment,
  asked: Set<string>,
): readonly ExternalConfig[] | ExternalsFileError {
  try {
    return readExternalsFile(source, env, (path) => {
      asked.add(path);
      return readTextFile(path);
    });
  } catch (error) {
    if (error instanceof ExternalsFileError) return error;
    throw error;
  }
}
