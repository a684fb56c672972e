import type { ExternalsSource } from './config.js';
import { type DocumentListener, watchDocument } from './document-watcher.js';
import type { Environment } from './environment.js';
import type { ExternalConfig } from './external-config.js';
import { readExternalsFile } from './externals-file.js';
import type { FileWatcher, FileWatcherOptions } from './file-watcher.js';

/** {@link watchDocument} for the externals file. */
export function watchExternalsFile(
  source: Extract<ExternalsSource, { kind: 'file' }>,
  listener: DocumentListener<readonly ExternalConfig[]>,
  env: Environment = process.env,
  options?: FileWatcherOptions,
): FileWatcher {
  return watchDocument(
    source.path,
    (readFile) => readExternalsFile(source, env, readFile),
    listener,
    options,
  );
}
