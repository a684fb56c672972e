/** A request as it goes over the wire. */
export interface ExternalRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query, encoded. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** An answer, read to its end. Header names are lower case, as on the wire otherwise. */
export interface ExternalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** What broke an exchange before its answer was whole. */
export type BreakReason =
  | 'no-connection' // refused, unresolvable, unreachable, TLS failed, or not connected in time
  | 'deadline' //      the operation's time was up
  | 'superseded' //    another attempt of the same question answered first
  | 'cut' //           the connection broke, or the answer ended before its end
  | 'too-large' //     the answer is over the limit
  | 'not-http'; //     what came is no HTTP/1.1 answer

/** One request and its answer, and what is known of the connection meanwhile. */
export class Exchange {
  /**
   * True once the first byte of the request may have left this machine: from then on the external may have acted on it,
   * whatever becomes of the connection. False is a certainty: nothing was sent, and nothing will be.
   */
  begun = false;

  /** Ends the exchange now; set by the adapter while it is under way. */
  cancel: (reason: 'deadline' | 'superseded') => void = () => {};

  constructor(
    readonly request: ExternalRequest,
    /** Aborts at the deadline. */
    readonly signal: AbortSignal,
  ) {}
}

/** An exchange that ended without a whole answer. */
export class ExchangeBroken extends Error {
  /** The system's or the client's own code, such as `ECONNREFUSED`; never an address or a name. */
  readonly code: string | undefined;

  constructor(
    readonly reason: BreakReason,
    /** {@link Exchange.begun} at that moment. */
    readonly begun: boolean,
    cause?: unknown,
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
