import { type Span, type SpanStart, Tracer } from './tracer.js';

/** Without a collector: passes parents on unchanged and records nothing. */
export class NoopTracer extends Tracer {
  readonly enabled = false;

  start(_name: string, { parent }: SpanStart): Span {
    return new NoopSpan(parent);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class NoopSpan implements Span {
  constructor(readonly traceparent: string | undefined) {}

  rename(): void {}
  set(): void {}
  link(): void {}
  fail(): void {}
  end(): void {}
}
