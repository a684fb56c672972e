import { NoopTracer } from './noop.tracer.js';
import type { Tracer } from './tracer.js';

/** OpenTelemetry if `OTEL_EXPORTER_OTLP_ENDPOINT` is set; otherwise none of its modules is loaded (SPEC §8). */
export async function openTracer(otlpEndpoint: string | undefined, version: string): Promise<Tracer> {
  if (otlpEndpoint === undefined) return new NoopTracer();
  const { OpenTelemetryTracer } = await import('./open-telemetry.tracer.js');
  return new OpenTelemetryTracer(otlpEndpoint, version);
}
