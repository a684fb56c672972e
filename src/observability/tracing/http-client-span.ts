import type { Span, SpanAttributes, SpanStart, Tracer } from './tracer.js';

/** One request of the gateway. */
export interface HttpClientRequest {
  readonly method: string;
  /** `https://host:port`. */
  readonly origin: string;
  /** Path and query without secrets. */
  readonly target: string;
  /** How often the same request was sent before. */
  readonly resendCount: number;
}

/**
 * Starts the span of one request on the wire, by OpenTelemetry's semantic conventions for HTTP clients
 * (https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span). Call it only if the tracer is
 * enabled.
 */
export function startHttpClientSpan(
  tracer: Tracer,
  name: string,
  { method, origin, target, resendCount }: HttpClientRequest,
  { parent, attributes }: Pick<SpanStart, 'parent' | 'attributes'>,
): Span {
  const { hostname, port, protocol } = new URL(origin);
  return tracer.start(name, {
    kind: 'client',
    parent,
    attributes: {
      'http.request.method': method,
      'server.address': hostname.replace(/^\[(.+)\]$/, '$1'),
      'server.port': port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
      'url.full': origin + target,
      'network.protocol.version': '1.1',
      ...(resendCount > 0 && { 'http.request.resend_count': resendCount }),
      ...attributes,
    } satisfies SpanAttributes,
  });
}

/** Ends it with the answer, or with why there was none. */
export function endHttpClientSpan(
  span: Span,
  end: { readonly status: number } | { readonly reason: string; readonly code: string | undefined },
): void {
  if ('status' in end) {
    span.set({ 'http.response.status_code': end.status });
    if (end.status >= 400) span.fail(String(end.status));
  } else span.fail(end.code ?? end.reason);
  span.end();
}
