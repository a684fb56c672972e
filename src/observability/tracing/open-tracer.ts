import { NoopTracer } from './noop.tracer.js';
import type { Tracer } from './tracer.js';

/** OpenTelemetry where `OTEL_EXPORTER_OTLP_ENDPOINT` is set; without it, not one of its modules is loaded (SPEC §8). */
export async function openTracer(otlpEndpoint: string | undefined, version: string): Promise<Tracer> {
  if (otlpEndpoint === undefined) return new NoopTracer();
  const { OpenTelemetryTracer } = await import('./open-telemetry.tracer.js');
  return new OpenTelemetryTracer(otlpEndpoint, version);
}
