import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { OutboundAuthConfig } from '../../config/external-config.js';
import { FileWatcher } from '../../config/file-watcher.js';
import type { ClientTls } from '../../outbound/connector.js';
import type { AuthHeaders, OutboundAuth, OutboundAuthDependencies } from './outbound-auth.js';

type ClientCertificateConfig = Extract<OutboundAuthConfig, { type: 'mtls' }>;

/**
 * Mutual TLS: the gateway presents a certificate when it connects. It reads the files again when they change; while
 * they do not match (a new certificate beside the old key), the last matching ones stay in use.
 */
export class ClientCertificateAuth implements OutboundAuth {
  #tls: ClientTls;
  readonly #watcher: FileWatcher;
  readonly #listeners: (() => void)[] = [];

  constructor(
    private readonly config: ClientCertificateConfig,
    private readonly dependencies: Pick<OutboundAuthDependencies, 'onWarning'>,
  ) {
    const { certFile, keyFile, caFile } = config;
    const files = caFile === undefined ? [certFile, keyFile] : [certFile, keyFile, caFile];
    // Watched before they are read, so that no change is lost in between.
    this.#watcher = new FileWatcher(files, () => this.#reload());
    try {
      this.#tls = read(config);
    } catch (error) {
      this.#watcher.close();
      throw error;
    }
  }

  headers(): AuthHeaders {
    return {};
  }

  invalidate(): boolean {
    return false;
  }

  tls(): ClientTls {
    return this.#tls;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    this.#watcher.close();
  }

  #reload(): void {
    let next: ClientTls;
    try {
      next = read(this.config);
    } catch (error) {
      const why = error instanceof Error ? error.message : 'unreadable';
      this.dependencies.onWarning?.(`Client certificate not reloaded, the present one stays in use: ${why}`);
      return;
    }
    if (isSame(next, this.#tls)) return;
    this.#tls = next;
    for (const listener of this.#listeners) listener();
  }
}

/** @throws Error if a file cannot be read or is not PEM, or if the key does not belong to the certificate */
function read({ certFile, keyFile, caFile }: ClientCertificateConfig): ClientTls {
  const tls = {
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
    ca: caFile === undefined ? undefined : readFileSync(caFile),
  };
  createSecureContext(tls);
  return tls;
}

function isSame(a: ClientTls, b: ClientTls): boolean {
  return (
    a.cert.equals(b.cert) &&
    a.key.equals(b.key) &&
    (a.ca === b.ca || (a.ca !== undefined && b.ca !== undefined && a.ca.equals(b.ca)))
  );
}
