import { once } from 'node:events';
import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLog } from '../../src/observability/logging/log.js';
import { Metrics } from '../../src/observability/metrics/metrics.js';
import { NoopTracer } from '../../src/observability/tracing/noop.tracer.js';
import { ExternalProviderRegistry } from '../../src/providers/external-provider.registry.js';
import { ExternalsReloader } from '../../src/providers/externals.reloader.js';
import { ProvidersMetrics } from '../../src/providers/providers.metrics.js';
import { SystemClock } from '../../src/shared/clock.js';
import { certificateAuthority } from '../support/certificates.js';
import { LogLines } from '../support/log-lines.js';
import { context, externalConfig, payRequest } from '../support/provider.js';
import { answer, RawExternal, type Script } from '../support/raw-external.js';
import { until } from '../support/until.js';

const PAID = '{"result":"OK","paymentId":"pm_1"}';
const RELOADS = 50;
const CALLERS = 20;

describe('reload', () => {
  const opened: (() => Promise<void> | void)[] = [];

  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  const clock = new SystemClock();
  const metrics = new ProvidersMetrics(new Metrics());

  function registry(log = createLog('info', new LogLines(), clock)): ExternalProviderRegistry {
    const config = {
      egress: { allowHttpHosts: [], blockPrivateAddresses: false },
      httpLogLevel: 'none',
    } as const;
    const created = new ExternalProviderRegistry(config, clock, log, metrics, new NoopTracer());
    opened.push(() => created.close());
    return created;
  }

  async function listen(script: Script): Promise<RawExternal> {
    const external = await RawExternal.listen({ script });
    opened.push(() => external.close());
    return external;
  }

  async function makeFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'tollgate-reload-'));
    opened.push(() => rm(folder, { recursive: true }));
    return folder;
  }

  const paysSlowly: Script = (socket) => void setTimeout(() => answer(socket, 200, PAID), 5);

  it(`fails no request and leaks no socket in ${RELOADS} reloads under load`, async () => {
    const [first, second, untouched] = [
      await listen(paysSlowly),
      await listen(paysSlowly),
      await listen(paysSlowly),
    ];
    const externals = registry();
    const steady = externalConfig({ name: 'steady', baseUrl: untouched.baseUrl });
    const moving = (turn: number) =>
      externalConfig({
        baseUrl: (turn % 2 === 0 ? first : second).baseUrl,
        // Sometimes unchanged, sometimes only an operation disabled or enabled.
        operations: { refund: turn % 3 === 0 },
      });
    externals.replace([moving(0), steady]);
    const kept = externals.get('steady');

    const stop = new AbortController();
    const ends = new Map<string, number>();
    const callers = Array.from({ length: CALLERS }, async (_, caller) => {
      while (!stop.signal.aborted) {
        const provider = externals.require(caller % 2 === 0 ? 'acme' : 'steady');
        // The registry may change between looking up and calling.
        if (caller % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
        const { kind } = await provider.pay(payRequest, context);
        ends.set(kind, (ends.get(kind) ?? 0) + 1);
      }
    });
    for (let turn = 1; turn <= RELOADS; turn += 1) {
      externals.replace([moving(turn), steady]);
      const before = ends.get('completed') ?? 0;
      await until(() => (ends.get('completed') ?? 0) >= before + CALLERS, 'traffic between reloads');
    }
    expect(externals.get('steady')).toBe(kept);
    stop.abort();
    await Promise.all(callers);

    expect([...ends.keys()]).toEqual(['completed']);
    // Of all opened sockets, those of the providers in the registry remain, and then none.
    const last = RELOADS % 2 === 0 ? first : second;
    const gone = last === first ? second : first;
    await until(() => gone.openConnections === 0, 'the sockets of the replaced providers to be closed');
    expect(last.openConnections).toBeLessThanOrEqual(2 * CALLERS);
    expect(untouched.connections).toBeLessThanOrEqual(2 * CALLERS);
    await externals.close();
    await until(() => last.openConnections + untouched.openConnections === 0, 'every socket to be closed');
  });

  it('lets a call of a removed external end, then closes its sockets; later users of it leak none', async () => {
    const external = await listen(paysSlowly);
    const externals = registry();
    externals.replace([externalConfig({ baseUrl: external.baseUrl })]);
    const provider = externals.require('acme');

    const call = provider.pay(payRequest, context);
    externals.replace([]);
    expect(externals.get('acme')).toBeUndefined();
    expect(() => externals.require('acme')).toThrow('external-not-found');
    expect(await call).toMatchObject({ kind: 'completed' });
    await until(() => external.openConnections === 0, 'its sockets to be closed');

    expect(await provider.pay(payRequest, context)).toMatchObject({ kind: 'completed' });
    await until(() => external.openConnections === 0, 'the late caller’s socket to be closed');
  });

  it('keeps provider, breaker and sockets of unchanged externals', async () => {
    const external = await listen((socket) => answer(socket, 500));
    const externals = registry();
    const config = {
      baseUrl: external.baseUrl,
      circuitBreaker: { failures: 1, windowMs: 1_000, openMs: 60_000 },
    };
    externals.replace([externalConfig(config)]);
    await externals.require('acme').pay(payRequest, context);
    externals.replace([externalConfig(config), externalConfig({ name: 'new', baseUrl: external.baseUrl })]);

    expect(externals.require('acme').health().circuit).toBe('open');
    expect(externals.names()).toEqual(['acme', 'new']);
    expect(externals.get('constructor')).toBeUndefined();
    expect(externals.get('__proto__')).toBeUndefined();
  });

  it('uses a renewed client certificate for the next call, without a pause in traffic', async () => {
    const authority = certificateAuthority('test authority');
    const seen: string[] = [];
    const server = https.createServer(
      { ...authority.issue('server'), ca: authority.cert, requestCert: true },
      (request, response) => {
        seen.push((request.socket as TLSSocket).getPeerCertificate().subject.CN as string);
        response.writeHead(200, { 'content-type': 'application/json' }).end(PAID);
      },
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    opened.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const folder = await makeFolder();
    const [certFile, keyFile, caFile] = ['cert.pem', 'key.pem', 'ca.pem'].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    const install = async (name: string): Promise<void> => {
      const { cert, key } = authority.issue(name);
      await writeFile(keyFile, key);
      await writeFile(certFile, cert);
    };
    await writeFile(caFile, authority.cert);
    await install('gateway');
    const externals = registry();
    const baseUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    externals.replace([externalConfig({ baseUrl, auth: { type: 'mtls', certFile, keyFile, caFile } })]);
    const pay = async (): Promise<string> => (await externals.get('acme')!.pay(payRequest, context)).kind;

    expect([await pay(), await pay()]).toEqual(['completed', 'completed']);
    expect(seen).toEqual(['gateway', 'gateway']);
    await install('gateway renewed');
    await until(async () => (await pay()) === 'completed' && seen.at(-1) === 'gateway renewed', 'renewal');
    expect(new Set(seen)).toEqual(new Set(['gateway', 'gateway renewed']));
  });

  it('is all or nothing', () => {
    const externals = registry();
    externals.replace([externalConfig({ baseUrl: 'http://127.0.0.1:1' })]);
    const before = externals.get('acme');
    const missing = { type: 'mtls', certFile: '/none', keyFile: '/none', caFile: undefined } as const;
    expect(() =>
      externals.replace([
        externalConfig({ baseUrl: 'http://127.0.0.1:2' }),
        externalConfig({ name: 'broken', baseUrl: 'https://127.0.0.1:3', auth: missing }),
      ]),
    ).toThrow('ENOENT');
    expect(externals.get('acme')).toBe(before);
    expect(externals.names()).toEqual(['acme']);
  });

  it('follows the file, also when Kubernetes swaps it, and keeps the previous externals if it is invalid', async () => {
    const folder = await makeFolder();
    const write = async (version: string, text: string): Promise<void> => {
      await writeFile(join(folder, version), text);
      await symlink(version, join(folder, 'next'));
      await rename(join(folder, 'next'), join(folder, 'externals.json'));
    };
    const file = (...names: string[]): string =>
      JSON.stringify({
        externalServices: names.map((externalService) => ({
          externalService,
          baseUrl: 'http://127.0.0.1:1',
        })),
      });
    await write('1', file('a', 'b'));

    const source = { kind: 'file', path: join(folder, 'externals.json'), enabled: undefined } as const;
    const written = new LogLines();
    const log = createLog('info', written, clock);
    const externals = registry(log);
    const reloader = new ExternalsReloader({ externals: source }, externals, log, metrics);
    opened.push(() => reloader.onApplicationShutdown());
    expect(externals.names()).toEqual(['a', 'b']);

    await write('2', file('b', 'c'));
    await reloader.check();
    expect(externals.names()).toEqual(['b', 'c']);
    expect(written.lines('externals changed').at(-1)).toMatchObject({
      added: ['c'],
      changed: [],
      removed: ['a'],
    });

    await write('3', file('b', 'c', 'C'));
    await reloader.check();
    expect(externals.names()).toEqual(['b', 'c']);
    const rejected = written.lines().filter(({ level }) => level === 'error');
    expect(rejected).toHaveLength(1);
    expect(rejected[0]!['detail']).toContain('/externalServices/2/externalService');

    await write('4', file('d'));
    await reloader.check();
    expect(externals.names()).toEqual(['d']);
  });
});
