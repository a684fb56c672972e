import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Attributes,
  type Context,
  type Span as OtelSpan,
  type SpanContext,
  type Tracer as OtelTracer,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { traceContext, traceHeaders } from '../../shared/trace-context.js';
import { type Span, type SpanAttributes, type SpanStart, Tracer } from './tracer.js';

const KINDS = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT } as const;
const SERVICE_NAME = 'tollgate';
const EXPORT_EVERY_MS = 500;
/** An unavailable collector costs spans, never memory or a request. */
const EXPORT_LIMIT_MS = 5_000;
const CLOSE_LIMIT_MS = 2_000;

/**
 * Sends spans to an OpenTelemetry collector over OTLP/HTTP. Keeps the caller's sampling decision; samples a trace
 * that begins here. Registers nothing globally and patches nothing: only the gateway itself starts spans.
 */
export class OpenTelemetryTracer extends Tracer {
  readonly enabled = true;
  readonly #provider: TracerProvider;
  readonly #tracer: OtelTracer;

  /** `endpoint` is the collector's base URL, as `OTEL_EXPORTER_OTLP_ENDPOINT` is defined by OpenTelemetry. */
  constructor(endpoint: string, version: string) {
    super();
    const exporter = new OTLPTraceExporter({
      url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
      timeoutMillis: EXPORT_LIMIT_MS,
    });
    this.#provider = new TracerProvider({
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES override the gateway's own name and instance.
      resource: defaultResource()
        .merge(
          resourceFromAttributes({
            'service.name': SERVICE_NAME,
            'service.version': version,
            'service.instance.id': randomUUID(),
          }),
        )
        .merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] })),
      spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: EXPORT_EVERY_MS })],
    });
    this.#tracer = this.#provider.getTracer(SERVICE_NAME, version);
  }

  start(name: string, { kind = 'internal', parent, attributes }: SpanStart): Span {
    const options = { kind: KINDS[kind], attributes: attributes as Attributes };
    const span = this.#tracer.startSpan(name, options, parentContext(parent));
    return new RecordedSpan(span, parent === undefined ? undefined : traceHeaders(parent).tracestate);
  }

  async close(): Promise<void> {
    // The collector may be unavailable; the gateway stops anyway.
    const late = sleep(CLOSE_LIMIT_MS, undefined, { ref: false });
    await Promise.race([this.#provider.shutdown().catch(() => {}), late]);
  }
}

class RecordedSpan implements Span {
  readonly traceparent: string;

  /** `tracestate` is the parent's: it goes on unchanged, as the gateway adds no member of its own. */
  constructor(
    private readonly span: OtelSpan,
    tracestate: string | undefined,
  ) {
    const { traceId, spanId, traceFlags } = span.spanContext();
    const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
    this.traceparent = traceContext(traceparent, tracestate);
  }

  rename(name: string): void {
    this.span.updateName(name);
  }

  set(attributes: SpanAttributes): void {
    this.span.setAttributes(attributes);
  }

  link(traceparent: string): void {
    this.span.addLink({ context: spanContextOf(traceparent) });
  }

  fail(reason: string): void {
    this.span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
    this.span.setAttribute('error.type', reason);
  }

  end(): void {
    this.span.end();
  }
}

function parentContext(traceparent: string | undefined): Context {
  if (traceparent === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, spanContextOf(traceparent));
}

function spanContextOf(context: string): SpanContext {
  const [, traceId, spanId, flags] = traceHeaders(context).traceparent.split('-') as [
    string,
    string,
    string,
    string,
  ];
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}
