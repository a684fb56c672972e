import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Global, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { LogLines } from '../../test/support/log-lines.js';
import { externalConfig } from '../../test/support/provider.js';
import { answer, RawExternal } from '../../test/support/raw-external.js';
import type { ExternalsSource } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { HealthChecks } from '../observability/health/health-checks.js';
import { createLog, Log } from '../observability/logging/log.js';
import { Metrics } from '../observability/metrics/metrics.js';
import { NoopTracer } from '../observability/tracing/noop.tracer.js';
import { Tracer } from '../observability/tracing/tracer.js';
import { Clock, SystemClock } from '../shared/clock.js';
import { ExternalProviderRegistry } from './external-provider.registry.js';
import { ProvidersModule } from './providers.module.js';

describe('ProvidersModule', () => {
  let module: TestingModule | undefined;

  afterEach(() => module?.close());

  async function start(externals: ExternalsSource): Promise<ExternalProviderRegistry> {
    const config = {
      externals,
      egress: { allowHttpHosts: [], blockPrivateAddresses: false },
      httpLogLevel: 'none',
    };
    const clock = new SystemClock();
    @Global()
    @Module({
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: Clock, useValue: clock },
        { provide: Log, useValue: createLog('info', new LogLines(), clock) },
        { provide: Tracer, useClass: NoopTracer },
        Metrics,
        HealthChecks,
      ],
      exports: [CONFIG, Clock, Log, Tracer, Metrics, HealthChecks],
    })
    class Surroundings {}
    module = await Test.createTestingModule({ imports: [Surroundings, ProvidersModule] }).compile();
    return module.get(ExternalProviderRegistry);
  }

  function file(content: object): ExternalsSource {
    const path = join(mkdtempSync(join(tmpdir(), 'tollgate-externals-')), 'externals.json');
    writeFileSync(path, JSON.stringify(content));
    return { kind: 'file', path, enabled: undefined };
  }

  it('fills the registry from the file', async () => {
    const registry = await start(
      file({ externalServices: [{ externalService: 'acme', baseUrl: 'https://acme.test/base/' }] }),
    );
    expect(registry.names()).toEqual(['acme']);
    expect(registry.require('acme').config.baseUrl).toBe('https://acme.test/base');
  });

  it('does not start with an invalid file, and reports the problem', async () => {
    await expect(start(file({ externalServices: [{ externalService: 'ACME' }] }))).rejects.toThrow(
      '/externalServices/0/baseUrl',
    );
  });

  it('starts empty with the simulator, which is added once it listens', async () => {
    const external = await RawExternal.listen({
      script: (socket) => answer(socket, 200, '{"status":"ACCEPTED","paymentId":"pm_1"}'),
    });
    const registry = await start({ kind: 'simulator' });
    expect(registry.names()).toEqual([]);
    registry.replace([externalConfig({ name: 'simulator', baseUrl: external.baseUrl })]);
    const outcome = await registry.require('simulator').status({ paymentId: 'pm_1' }, { requestId: 'req-1' });
    expect(outcome).toMatchObject({ kind: 'completed' });
    await module!.close();
    expect(
      await registry.require('simulator').status({ paymentId: 'pm_1' }, { requestId: 'req-1' }),
    ).toMatchObject({
      reason: 'shutting-down',
    });
    await external.close();
  });
});
