import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { load } from 'js-yaml';
import { loadConfig } from '../../src/config/load-config.js';
import { readExternalsFile } from '../../src/config/externals-file.js';
import { optionsOf } from '../../simulator/src/main.js';

interface ComposeService {
  readonly '<<'?: ComposeService;
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly ports?: readonly string[];
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly privileged?: boolean;
  readonly cap_add?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly configs: Readonly<Record<string, { readonly file: string }>>;
}

const { services, configs } = load(readFileSync('docker-compose.yml', 'utf8')) as Compose;

/** The instructions of the Dockerfile, continuation lines joined, by stage. */
const stages = readFileSync('Dockerfile', 'utf8')
  .replaceAll('\\\n', ' ')
  .split(/^(?=FROM )/m)
  .slice(1)
  .map((stage) => stage.split('\n').filter((line) => /^[A-Z]+ /.test(line)));
const instructions = (name: string): string[] =>
  stages.at(-1)!.flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : []));

describe('docker-compose.yml', () => {
  const { gateway, simulator } = services;

  it('configures a gateway that starts', () => {
    const config = loadConfig(gateway!.environment);
    expect(config.database.kind).toBe('postgres');
    const [mounted] = gateway!.configs!;
    const content = readFileSync(configs[mounted!.source]!.file, 'utf8');
    const source = config.externals.kind === 'file' ? config.externals : undefined;
    expect(source?.path).toBe(mounted!.target);
    const [external] = readExternalsFile(source!, gateway!.environment, () => content);
    expect(external).toMatchObject({ name: 'simulator', baseUrl: 'http://simulator:9090' });
  });

  it('gives the simulator the same secrets and addresses', () => {
    const options = optionsOf(simulator!.command!.slice(2))!;
    const { environment } = gateway!;
    expect(options.notificationSecrets).toEqual([environment['NOTIFICATION_SECRET']]);
    expect(options.callbackSecrets).toEqual([environment['SIMULATOR_CALLBACK_SECRET']]);
    expect(options.callbackUrl).toBe('http://gateway:8080/v3/simulator/callback');
    expect(environment['PAYMENT_CALLBACK_URL']).toBe(`http://simulator:${options.port}/receiver`);
  });

  it('waits for healthy services, and checks the health of all', () => {
    for (const { condition } of Object.values(gateway!.depends_on!))
      expect(condition).toBe('service_healthy');
    const unasked = Object.keys(services).filter((name) => !services[name]!.healthcheck);
    expect(unasked).toEqual(['gateway']); // its image has a health check
    expect(Object.keys(gateway!.depends_on!).toSorted()).toEqual(['postgres', 'simulator']);
  });

  it('runs every service without privileges, on a read-only file system, with limits', () => {
    expect(Object.keys(services)).toHaveLength(3);
    for (const [name, { '<<': shared, ...own }] of Object.entries(services)) {
      // Compose merges them (YAML 1.1); this reader of YAML 1.2 does not.
      const service = { ...shared, ...own };
      expect([name, service]).toEqual([
        name,
        expect.objectContaining({
          read_only: true,
          cap_drop: ['ALL'],
          security_opt: ['no-new-privileges:true'],
          user: expect.stringMatching(/^(1000:1000|postgres)$/),
          mem_limit: expect.stringMatching(/^\d+m$/),
          pids_limit: expect.any(Number),
        }),
      ]);
      expect([service.privileged, service.cap_add]).toEqual([undefined, undefined]);
    }
  });

  it('opens its ports to this machine only', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports).not.toEqual([]);
    for (const port of ports) {
      expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });
});

describe('Dockerfile', () => {
  it('takes its base image, by digest too, from one argument', () => {
    const text = readFileSync('Dockerfile', 'utf8');
    expect([...text.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)).toEqual([
      '${NODE_IMAGE}',
      '${NODE_IMAGE}',
    ]);
    expect(text).toMatch(/^ARG NODE_IMAGE=node:24-slim$/m);
  });

  it('runs as a user of its own, checks health, and starts the program without a shell', () => {
    expect(instructions('USER')).toEqual(['1000:1000']);
    expect(instructions('HEALTHCHECK')[0]).toContain('/health/live');
    expect(instructions('CMD').map((json) => JSON.parse(json) as unknown)).toEqual([
      ['node', '--max-semi-space-size=8', 'dist/main.js'],
    ]);
  });

  it('has the command line on the PATH', () => {
    const [, target] = /^ln -s \/app\/(\S+) \/usr\/local\/bin\/tollgate$/.exec(instructions('RUN').at(-1)!)!;
    const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: { tollgate: string } };
    expect(target).toBe(bin.tollgate);
  });

  it('copies only existing files that .dockerignore admits', () => {
    const sent = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    const copied = stages.flat().flatMap((line) => {
      const [instruction, ...paths] = line.split(/\s+/);
      return instruction === 'COPY' && !paths[0]!.startsWith('--from') ? paths.slice(0, -1) : [];
    });
    expect(new Set(copied)).toEqual(new Set(sent));
    for (const path of copied) expect(existsSync(path)).toBe(true);
  });
});
