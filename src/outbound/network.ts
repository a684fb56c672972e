import { Agent, type Dispatcher, Pool } from 'undici';
import type { DiscardReason } from './connection.js';
import { connector, type ConnectorOptions } from './connector.js';
import { LineClient, type LineClientOptions } from './line-client.js';
import type { PauseDetector } from './pause-detector.js';

/**
 * An idle socket is closed after 4 s, or 2 s before the end that the other side's `Keep-Alive: timeout=` announces: a
 * request written to a socket that the other side has closed meanwhile has an unknown outcome.
 */
const KEEP_ALIVE_MS = 4_000;
const KEEP_ALIVE_MARGIN_MS = 2_000;
/** Upper bound for any announced time-out: a middlebox may forget a silent connection sooner. */
const KEEP_ALIVE_MAX_MS = 30_000;

export interface OutboundClientOptions extends ConnectorOptions {
  readonly maxAnswerBytes: number;
  /** Connections per origin; unlimited by default. */
  readonly connections?: number;
  /** A connection older than this serves no further request; unlimited by default. */
  readonly maxConnectionAgeMs?: number;
  /** False: each connection serves one exchange. Default true. */
  readonly reuseConnections?: boolean;
  /** Connections from before a pause serve no further request. Default: the pauses of this process. */
  readonly pauses?: PauseDetector;
  /** Called for each connection that is closed although HTTP allowed further use. */
  readonly onDiscard?: (reason: DiscardReason) => void;
}

/** The wire below every `OutboundClient`. The deterministic simulation replaces `open` by its own network. */
export const network: {
  open: (options: OutboundClientOptions, pauses: PauseDetector) => Dispatcher;
} = { open: openAgent };

function openAgent(options: OutboundClientOptions, pauses: PauseDetector): Agent {
  const { connections, maxConnectionAgeMs } = options;
  return new Agent({
    connect: connector(options),
    factory: (origin, poolOptions) =>
      new Pool(origin, {
        ...poolOptions,
        factory: (target, clientOptions) =>
          new LineClient(target, clientOptions as LineClientOptions, pauses, options.onDiscard),
      }),
    ...(connections !== undefined && { connections }),
    ...(maxConnectionAgeMs !== undefined && { clientTtl: maxConnectionAgeMs }),
    pipelining: 1,
    allowH2: false,
    // The deadline of the exchange covers connecting, headers and body alike.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveTimeoutThreshold: KEEP_ALIVE_MARGIN_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
  });
}
