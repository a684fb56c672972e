import { errorTypeOf, type Span, type SpanAttributes, type SpanStart, type Tracer } from './tracer.js';

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

/**
 * Sends a request that is not of one operation, such as one for a token that many calls share, within a span that
 * begins a trace.
 */
export async function tracedRequest<Answer extends { readonly status: number }>(
  tracer: Tracer | undefined,
  name: string,
  { method, url }: { readonly method: string; readonly url: string },
  send: () => Promise<Answer>,
): Promise<Answer> {
  if (!tracer?.enabled) return send();
  const { origin, pathname, search } = new URL(url);
  // The query may hold a secret.
  const request = { method, origin, target: pathname + (search && '?REDACTED'), resendCount: 0 };
  const span = startHttpClientSpan(tracer, name, request, { parent: undefined });
  try {
    const answer = await send();
    endHttpClientSpan(span, answer);
    return answer;
  } catch (error) {
    endHttpClientSpan(span, { reason: errorTypeOf(error), code: undefined });
    throw error;
  }
}
