/** The attributes of a span; undefined members are omitted. Text from outside is masked. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanStart {
  readonly kind?: 'internal' | 'server' | 'client';
  /** The trace context of the cause, possibly in another process or hours ago; undefined: a trace begins here. */
  readonly parent: string | undefined;
  readonly attributes?: SpanAttributes;
}

/** One step of a trace, from its start to `end()`. */
export interface Span {
  /** The trace context (`shared/trace-context.ts`). Outgoing requests and stored rows carry it, so that later spans become children of this one. */
  readonly traceparent: string | undefined;
  /** For a span whose name is known only after its start, such as that of a request before routing. */
  rename(name: string): void;
  set(attributes: SpanAttributes): void;
  /** Links a related span of another trace. */
  link(traceparent: string): void;
  /**
   * Marks the span as failed, with `reason` as its `error.type`: one of the gateway's own words, an HTTP status or an
   * error code, never text from outside.
   */
  fail(reason: string): void;
  end(): void;
}

/**
 * Starts spans. Parents are `traceparent` texts, as in headers and in rows: a notification that waited an hour in the
 * queue has the same parent as one that is sent at once.
 */
export abstract class Tracer {
  /** False if nothing is recorded: then attributes need not be collected. */
  abstract readonly enabled: boolean;

  abstract start(name: string, options: SpanStart): Span;

  /** Sends the remaining spans. */
  abstract close(): Promise<void>;
}

/** Of a valid `traceparent`, `version-traceid-spanid-flags` (W3C Trace Context §3.2). */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}

/** Runs `work` within a span, which is marked as failed if `work` throws. */
export async function traced<T>(
  tracer: Tracer,
  name: string,
  options: SpanStart,
  work: (traceparent: string | undefined) => Promise<T>,
): Promise<T> {
  if (!tracer.enabled) return work(options.parent);
  const span = tracer.start(name, options);
  try {
    return await work(span.traceparent);
  } catch (error) {
    span.fail(errorTypeOf(error));
    throw error;
  } finally {
    span.end();
  }
}

/** The code of an error or of its cause, such as a problem's or an SQLSTATE; else its class. */
export function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER';
  return codeOf(error) ?? codeOf(error.cause) ?? error.name;
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
