import { describe, expect, it } from '@jest/globals';
import { startCollector } from '../support/collector.js';
import { startGatewayProcess } from '../support/gateway-process.js';

/** The packages that the program loads from its start over a payment and a scrape to its end. */
async function packagesOf(env: Readonly<Record<string, string>>): Promise<string[]> {
  const gateway = await startGatewayProcess({ env, imports: ['./test/support/module-census.js'] });
  try {
    await fetch(`${gateway.url}/v3/simulator/pay`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ amount: 1, currency: 'EUR', shopTransactionId: 'order-1' }),
    });
    await fetch(`${gateway.url}/metrics`);
    gateway.kill('SIGTERM');
    await gateway.exit;
    return [...gateway.output().matchAll(/^package (.+)$/gm)].map(([, name]) => name!);
  } finally {
    await gateway.dispose();
  }
}

describe('OpenTelemetry', () => {
  it('is not loaded without an endpoint: not a single module', async () => {
    const packages = await packagesOf({});
    expect(packages).toEqual(expect.arrayContaining(['@nestjs/core', 'express', 'pino', 'prom-client']));
    expect(packages.filter((name) => name.startsWith('@opentelemetry/'))).toEqual([]);
  });

  it('is loaded with an endpoint, and the last spans are sent at exit', async () => {
    const collector = await startCollector();
    const packages = await packagesOf({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    expect(packages).toContain('@opentelemetry/sdk-trace');
    expect(collector.spans.map(({ name }) => name)).toContain('POST /v3/:external/pay');
    await collector.close();
  });
});
