import type { ExternalConfig } from '../../../src/config/external-config.js';
import { Metrics } from '../../../src/observability/metrics/metrics.js';
import { NoopTracer } from '../../../src/observability/tracing/noop.tracer.js';
import { AddressGuard } from '../../../src/outbound/address-guard.js';
import { OutboundClient } from '../../../src/outbound/outbound-client.js';
import { createOutboundAuth } from '../../../src/providers/auth/outbound-auth.factory.js';
import type { OutboundAuth } from '../../../src/providers/auth/outbound-auth.js';
import type { Transport } from '../../../src/providers/http-call.js';
import { ProvidersMetrics } from '../../../src/providers/providers.metrics.js';
import { SecretMask } from '../../../src/sensitive/secret-mask.js';
import { SystemClock } from '../../../src/shared/clock.js';
import type { CallbackTarget } from './callback-target.js';
import { NotTried } from './check-errors.js';
import type { Pace } from './pace.js';
import { RecordingClient } from './recording-client.js';
import type { SandboxData } from './sandbox-data.js';

/** As the gateway has them (`http-external-provider.ts`). */
const MAX_ANSWER_BYTES = 1_048_576;
const MAX_CONNECT_MS = 5_000;

export interface KitOptions {
  readonly external: ExternalConfig;
  readonly data: SandboxData;
  readonly pace: Pace;
  /** A text says why there is none. */
  readonly callbacks: CallbackTarget | string;
  /** Ends every check. */
  readonly signal: AbortSignal;
  /** Restarts the external, and resolves when it answers again. Undefined without `--restart`. */
  readonly restart?: (() => Promise<void>) | undefined;
}

const SILENT_LOG = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  fatal: () => {},
  isLevelEnabled: () => false,
};

/** What the checks of one external share. It sends what the gateway would send, by the gateway's own code. */
export class Kit {
  readonly clock = new SystemClock();
  readonly #auth: OutboundAuth;
  readonly #guard = new AddressGuard({ blockPrivateAddresses: false });
  readonly #tokenClient: OutboundClient;
  readonly #metrics = new ProvidersMetrics(new Metrics());
  readonly #tracer = new NoopTracer();
  readonly #facts = new Map<string, Promise<unknown>>();

  /** @throws ConfigError where the files of a client certificate cannot be read */
  constructor(readonly options: KitOptions) {
    this.#tokenClient = new OutboundClient({
      guard: this.#guard,
      connectTimeoutMs: MAX_CONNECT_MS,
      maxAnswerBytes: MAX_ANSWER_BYTES,
      reuseConnections: false,
    });
    this.#auth = createOutboundAuth(options.external.auth, {
      clock: this.clock,
      tokenClient: this.#tokenClient,
    });
  }

  /** A client of its own, with connections of its own. */
  newClient(onDiscard?: (reason: string) => void): RecordingClient {
    const { timeoutMs, reuseConnections } = this.options.external;
    return new RecordingClient({
      guard: this.#guard,
      tls: () => this.#auth.tls(),
      connectTimeoutMs: Math.min(MAX_CONNECT_MS, Math.max(1, Math.floor(timeoutMs / 2))),
      maxAnswerBytes: MAX_ANSWER_BYTES,
      reuseConnections,
      ...(onDiscard && { onDiscard }),
    });
  }

  transport(client: OutboundClient): Transport {
    const { origin, pathname } = new URL(this.options.external.baseUrl);
    return {
      external: this.options.external.name,
      client,
      auth: this.#auth,
      secrets: () => new SecretMask(this.#auth.secrets()),
      clock: this.clock,
      log: SILENT_LOG,
      metrics: this.#metrics,
      tracer: this.#tracer,
      httpLogLevel: 'none',
      origin,
      basePath: pathname.replace(/\/$/, ''),
    };
  }

  /** For requests that the gateway never sends: the same credentials. */
  credentials(signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve(this.#auth.headers(signal));
  }

  /** For connections of a check's own: the client certificate, if any. */
  tls(): ReturnType<OutboundAuth['tls']> {
    return this.#auth.tls();
  }

  /** @throws NotTried where callbacks cannot be received */
  get callbacks(): CallbackTarget {
    const { callbacks } = this.options;
    if (typeof callbacks === 'string') throw new NotTried(callbacks);
    return callbacks;
  }

  /** Finds out once what several checks depend on. A failure is not kept: the next check tries again. */
  fact<T>(name: string, find: () => Promise<T>): Promise<T> {
    const known = this.#facts.get(name) as Promise<T> | undefined;
    if (known) return known;
    const found = find();
    this.#facts.set(name, found);
    found.catch(() => this.#facts.delete(name));
    return found;
  }

  async close(): Promise<void> {
    this.#auth.close();
    await this.#tokenClient.destroy();
  }
}
