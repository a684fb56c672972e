import { ConfigError } from './config-error.js';
import { readTextFile } from './externals-file.js';
import { FileWatcher, type FileWatcherOptions } from './file-watcher.js';

export interface DocumentListener<T> {
  /** The file has changed and is valid. */
  onRead(value: T): void;
  /** The file has changed and is not valid: what was read before stays in force (SPEC §6). */
  onRejected(error: ConfigError): void;
}

/**
 * Reads the configuration file `path` again when its content changes, or that of a file which it names (`${file:…}`,
 * certificates). The caller reads it for the first time after this call, so that a change in between is reported.
 *
 * @param read reads the file, and every file that it names by its parameter; throws ConfigError
 */
export function watchDocument<T>(
  path: string,
  read: (readFile: (path: string) => string) => T,
  listener: DocumentListener<T>,
  options?: FileWatcherOptions,
): FileWatcher {
  let named = new Set([path]);
  const reread = (): { value: T } | ConfigError => {
    const used = new Set([path]);
    const result = valueOrError(() =>
      read((file) => {
        used.add(file);
        return readTextFile(file);
      }),
    );
    // An error may hide which files are named: the previous ones stay watched.
    named = result instanceof ConfigError ? new Set([...named, ...used]) : used;
    watcher.setPaths([...named]);
    return result;
  };
  const watcher = new FileWatcher(
    [path],
    () => {
      const result = reread();
      if (result instanceof ConfigError) listener.onRejected(result);
      else listener.onRead(result.value);
    },
    options,
  );
  reread();
  return watcher;
}

function valueOrError<T>(read: () => T): { value: T } | ConfigError {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}
