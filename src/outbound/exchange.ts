/** A request as it is sent. */
export interface OutboundRequest {
  readonly method: string;
  /** `https://host:port`. */
  readonly origin: string;
  /** Path and query, encoded. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** A complete answer. Header names are lower case. */
export interface OutboundAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** True if the answer began before the request was written whole. Its connection is closed. */
  readonly early?: boolean;
}

export interface ExchangeLimits {
  /** Ends the exchange as `deadline` after this time, connecting included. */
  readonly timeoutMs?: number;
  /** Ends the exchange as `aborted`. */
  readonly signal?: AbortSignal;
  /**
   * Called once there is a connection, right before the first byte is written. If it throws, nothing is sent, and the
   * exchange ends as `refused` with the error as its cause.
   */
  readonly beforeSend?: (() => void) | undefined;
}

/** Why an exchange ended without a complete answer. */
export type BreakReason =
  | 'no-connection' // refused, unresolvable, unreachable, TLS failure, or not connected in time
  | 'refused' //       `beforeSend` threw
  | 'deadline' //      `timeoutMs` passed
  | 'aborted' //       `signal` aborted
  | 'superseded' //    another attempt of the same query was answered first
  | 'cut' //           the connection broke, or the answer ended early
  | 'too-large' //     the answer exceeds the client's limit
  | 'not-http'; //     the bytes received are no HTTP/1.1 answer

/** One request, its answer, and what is certain about the wire in between. */
export class Exchange {
  /**
   * True once the first byte of the request may have left this machine: from then on the other side may have acted on
   * it. False is a certainty: nothing was sent, and nothing will be.
   */
  begun = false;

  /**
   * Set by the client: what carries the exchange while it is in flight, and the connection of its answer. Objects, not
   * functions: V8 puts a function that is assigned to a property into the old generation, where it keeps all that it
   * references, the caller's request too, until the next full collection.
   */
  carrier: { cancel(reason: 'superseded'): void } | undefined;
  answeredOn: { discard(reason: 'no-outcome'): void } | undefined;

  constructor(
    readonly request: OutboundRequest,
    readonly limits: ExchangeLimits = {},
  ) {}

  /** Ends the exchange now, if it is in flight. */
  cancel(reason: 'superseded'): void {
    this.carrier?.cancel(reason);
  }

  /**
   * Closes the connection of an answer that shows that the other side may answer again. To be called without delay
   * after the answer: the next exchange on the connection may begin a turn later.
   */
  discardConnection(): void {
    this.answeredOn?.discard('no-outcome');
  }
}

/** An exchange that ended without a complete answer. */
export class ExchangeBroken extends Error {
  /** The code of Node's or undici's error, such as `ECONNREFUSED`; never an address or a name. */
  readonly code: string | undefined;

  constructor(
    readonly reason: BreakReason,
    /** {@link Exchange.begun} at that moment. */
    readonly begun: boolean,
    cause?: unknown,
    /** For `too-large`: the status, the headers and the part of the body that was received. */
    readonly partial?: OutboundAnswer,
  ) {
    super(`The exchange broke: ${reason}`, { cause });
    this.name = 'ExchangeBroken';
    this.code = codeOf(cause);
  }
}

/** The `code` of an error of Node or undici. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** The first value of a header; `name` is lower case. */
export function headerOf({ headers }: OutboundAnswer, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
