import { FileWatcher } from '../../config/file-watcher.js';
import type { ClientTls } from '../../outbound/connector.js';
import {
  type ClientCertificate,
  type ClientCertificateFiles,
  readClientCertificate,
} from './client-certificate.js';
import type { AuthHeaders, OutboundAuth, OutboundAuthDependencies } from './outbound-auth.js';

/** A certificate that is not valid yet is read again when it is, and at least this often: clocks differ. */
const READ_AGAIN_MS = 3_600_000;
const SHORTEST_WAIT_MS = 1_000;
/** A server on the same machine may see the second in which it becomes valid a tick later. */
const CLOCK_MARGIN_MS = 100;

/**
 * Mutual TLS: the gateway presents a certificate when it connects. It reads the files again when they change; while
 * they do not match (a new certificate beside the old key), or are not valid now, the last good ones stay in use.
 */
export class ClientCertificateAuth implements OutboundAuth {
  #certificate: ClientCertificate;
  #secrets: { readonly key: Buffer | undefined; readonly texts: readonly string[] } = {
    key: undefined,
    texts: [],
  };
  #again: NodeJS.Timeout | undefined;
  readonly #watcher: FileWatcher;
  readonly #listeners: (() => void)[] = [];

  /** @throws ConfigError where the files do not match. One that is not valid now is reported: a start needs the others. */
  constructor(
    private readonly files: ClientCertificateFiles,
    private readonly dependencies: Pick<OutboundAuthDependencies, 'clock' | 'onWarning'>,
  ) {
    const { certFile, keyFile, caFile } = files;
    // Watched before they are read, so that no change is lost in between.
    this.#watcher = new FileWatcher(
      caFile === undefined ? [certFile, keyFile] : [certFile, keyFile, caFile],
      () => this.#reload(),
    );
    try {
      this.#certificate = readClientCertificate(files);
    } catch (error) {
      this.#watcher.close();
      throw error;
    }
    const problem = this.#validityProblem(this.#certificate);
    if (problem !== undefined) dependencies.onWarning?.(`auth.certFile: ${certFile} ${problem}`);
  }

  headers(): AuthHeaders {
    return {};
  }

  /** The key as PEM, without its line breaks, and by line; another array after each change of the files. */
  secrets(): readonly string[] {
    const { key } = this.#certificate.tls;
    if (this.#secrets.key !== key) this.#secrets = { key, texts: keyTexts(key) };
    return this.#secrets.texts;
  }

  invalidate(): boolean {
    return false;
  }

  tls(): ClientTls {
    return this.#certificate.tls;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    clearTimeout(this.#again);
    this.#watcher.close();
  }

  #reload(): void {
    clearTimeout(this.#again);
    let next: ClientCertificate;
    try {
      next = readClientCertificate(this.files);
    } catch (error) {
      return this.#stay(error instanceof Error ? error.message : String(error));
    }
    if (isSame(next.tls, this.#certificate.tls)) return;
    const problem = this.#validityProblem(next);
    if (problem !== undefined) {
      this.#readAgainWhenValid(next);
      return this.#stay(`auth.certFile: ${this.files.certFile} ${problem}`);
    }
    this.#certificate = next;
    for (const listener of this.#listeners) listener();
  }

  #stay(why: string): void {
    this.dependencies.onWarning?.(`Client certificate not reloaded, the present one stays in use: ${why}`);
  }

  #validityProblem({ validFromMs, validToMs }: ClientCertificate): string | undefined {
    const now = this.dependencies.clock.wall();
    if (now < validFromMs) return `is not valid before ${new Date(validFromMs).toISOString()}`;
    if (now > validToMs) return `has expired at ${new Date(validToMs).toISOString()}`;
    return undefined;
  }

  #readAgainWhenValid({ validFromMs }: ClientCertificate): void {
    const waitMs = validFromMs + CLOCK_MARGIN_MS - this.dependencies.clock.wall();
    if (waitMs <= CLOCK_MARGIN_MS) return;
    this.#again = setTimeout(
      () => this.#reload(),
      Math.min(Math.max(waitMs, SHORTEST_WAIT_MS), READ_AGAIN_MS),
    ).unref();
  }
}

const MIN_KEY_LINE = 40;

function keyTexts(key: Buffer): readonly string[] {
  const pem = key.toString('latin1').replaceAll('\r', '');
  return [...pem.matchAll(/-----BEGIN [^-]*PRIVATE KEY-----([^-]+)-----END/g)].flatMap(([, body]) => {
    const lines = body!.trim().split('\n');
    return [lines.join(''), ...lines.filter((line) => line.length >= MIN_KEY_LINE)];
  });
}

function isSame(a: ClientTls, b: ClientTls): boolean {
  return (
    a.cert.equals(b.cert) &&
    a.key.equals(b.key) &&
    (a.ca === b.ca || (a.ca !== undefined && b.ca !== undefined && a.ca.equals(b.ca)))
  );
}
