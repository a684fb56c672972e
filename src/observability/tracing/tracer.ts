/** What a span may say of itself; undefined members are left out. Nothing from outside that is not masked. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanStart {
  readonly kind?: 'internal' | 'server' | 'client';
  /** The `traceparent` of what caused it, maybe in another process, maybe hours ago; undefined: a trace begins here. */
  readonly parent: string | undefined;
  readonly attributes?: SpanAttributes;
}

/** One step of a trace, from its start to `end()`. */
export interface Span {
  /** What outgoing requests and stored rows carry, so that what follows hangs below this span. */
  readonly traceparent: string | undefined;
  /** For a span whose name is known only after its start, such as that of a request before it was routed. */
  rename(name: string): void;
  set(attributes: SpanAttributes): void;
  /** Names a span of another trace that it has to do with. */
  link(traceparent: string): void;
  /** Marks it as failed. `reason` is a word of the gateway's own, never a text from outside. */
  fail(reason: string): void;
  end(): void;
}

/**
 * Where spans go. Parents are passed as `traceparent` texts, as they travel in headers and stand in rows: a notification that
 * waited an hour in the queue has the same parent as one that is sent at once.
 */
export abstract class Tracer {
  /** False where nothing is recorded: then nothing need be put together for it. */
  abstract readonly enabled: boolean;

  abstract start(name: string, options: SpanStart): Span;

  /** Sends what is left. */
  abstract close(): Promise<void>;
}

/** Runs `work` within a span, which fails where it throws. */
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
    span.fail(error instanceof Error ? error.name : 'Error');
    throw error;
  } finally {
    span.end();
  }
}
