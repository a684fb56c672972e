import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { parseExternals } from '../../src/config/externals-file.js';
import { loadConfig } from '../../src/config/load-config.js';
import { VARIABLES } from '../../src/config/variables.js';
import { problemLines, webhookSecret } from '../support/config-problems.js';

interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec?: Spec;
}

interface Spec {
  readonly replicas?: number;
  readonly minAvailable?: number;
  readonly selector?: object;
  readonly podSelector?: object;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly TrafficRule[];
  readonly egress?: readonly TrafficRule[];
  readonly ports?: readonly { readonly targetPort: string }[];
  readonly template?: { readonly metadata: { readonly labels: object }; readonly spec: PodSpec };
}

interface TrafficRule {
  readonly ports: readonly { readonly port: number | string }[];
}

interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly hostNetwork?: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: object;
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string; readonly configMap: { readonly name: string } }[];
}

interface ContainerPort {
  readonly name: string;
  readonly containerPort: number;
}

interface Container {
  readonly envFrom: readonly Readonly<Record<'configMapRef' | 'secretRef', { readonly name: string }>>[];
  readonly ports: readonly [ContainerPort, ContainerPort];
  readonly livenessProbe: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly readinessProbe: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly securityContext: object;
  readonly volumeMounts: readonly [{ readonly name: string; readonly mountPath: string }];
}

const resources = loadAll(readFileSync('docs/kubernetes.yml', 'utf8')) as Resource[];
const resource = (kind: string, name = 'tollgate'): Resource =>
  resources.find((each) => each.kind === kind && each.metadata.name === name)!;
const { template, replicas, selector } = resource('Deployment').spec!;
const pod = template!.spec;
const [container] = pod.containers;
const environment = { ...resource('ConfigMap').data, ...resource('Secret').stringData };

/** What an operator puts in the places of the placeholders. */
function realSecrets(): Record<string, string> {
  const hex = (): string => randomBytes(32).toString('hex');
  return {
    NOTIFICATION_SECRET: webhookSecret(),
    FINGERPRINT_KEY: hex(),
    API_KEYS: environment['API_KEYS']!.replaceAll(/change-me[a-z-]*/g, hex),
  };
}

describe('docs/kubernetes.yml', () => {
  it('configures a gateway that starts in production', () => {
    const config = loadConfig({ ...environment, ...realSecrets() });
    expect(config.production).toBe(true);
    expect(config.http.port).toBe(container.ports[0].containerPort);
    expect(config.http.operating?.port).toBe(container.ports[1].containerPort);
    expect(config.callers.keys.map(({ name }) => name)).toEqual(['shop', 'on-call']);
    expect(container.envFrom).toEqual([
      { configMapRef: { name: 'tollgate' } },
      { secretRef: { name: 'tollgate' } },
    ]);
  });

  it('does not start with the placeholders', () => {
    expect(problemLines(() => loadConfig(environment)).map((line) => line.split(':')[0])).toEqual([
      'API_KEYS',
      'API_KEYS',
      'NOTIFICATION_SECRET',
      'FINGERPRINT_KEY',
    ]);
  });

  it('mounts the externals file at the configured path, with secrets for each placeholder', () => {
    const [mount] = container.volumeMounts;
    const volume = pod.volumes.find(({ name }) => name === mount.name)!;
    const { data } = resource('ConfigMap', volume.configMap.name);
    const [file, text] = Object.entries(data!)[0]!;
    expect(`${mount.mountPath}/${file}`).toBe(environment['EXTERNAL_PROVIDERS_CONFIG']);
    const externals = parseExternals(text, { env: environment, readFile: () => '', enabled: undefined });
    expect(externals.map(({ name }) => name)).toEqual(['acme']);
    const placeholders = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!);
    const unused = Object.keys(environment).filter(
      (name) => !(name in VARIABLES) && !placeholders.includes(name),
    );
    expect(unused).toEqual([]);
  });

  it('selects two replicas, and stops one at a time', () => {
    expect(replicas).toBe(2);
    const labels = template!.metadata.labels;
    expect(selector).toEqual({ matchLabels: labels });
    expect(resource('Service').spec).toMatchObject({
      selector: labels,
      ports: [{ targetPort: container.ports[0].name }],
    });
    expect(resource('PodDisruptionBudget').spec).toEqual({ minAvailable: 1, selector });
  });

  it('probes the right paths, and gives requests time to end', () => {
    expect([container.livenessProbe.httpGet, container.readinessProbe.httpGet]).toEqual([
      { path: '/health/live', port: 'operating' },
      { path: '/health/ready', port: 'operating' },
    ]);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(35);
  });

  it('admits traffic to its ports, and to the database, DNS and https only', () => {
    const { podSelector, policyTypes, ingress, egress } = resource('NetworkPolicy').spec!;
    expect([podSelector, policyTypes]).toEqual([selector, ['Ingress', 'Egress']]);
    const portsOf = (rules: readonly TrafficRule[]) =>
      rules.flatMap(({ ports }) => ports.map(({ port }) => port));
    expect(portsOf(ingress!)).toEqual(container.ports.map(({ name }) => name));
    const database = Number(new URL(environment['DATABASE_URL']!).port);
    expect(new Set(portsOf(egress!))).toEqual(new Set([53, database, 443]));
  });

  it('runs without privileges', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1_000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect([pod.automountServiceAccountToken, pod.hostNetwork]).toEqual([false, undefined]);
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });
});
