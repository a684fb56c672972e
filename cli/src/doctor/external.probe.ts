import { ConfigError } from '../../../src/config/config-error.js';
import type { Config } from '../../../src/config/config.js';
import type { ExternalConfig } from '../../../src/config/external-config.js';
import { isOffered } from '../../../src/config/external-operation.js';
import type { LogOutput } from '../../../src/observability/logging/log-output.js';
import { createLog } from '../../../src/observability/logging/log.js';
import { Metrics } from '../../../src/observability/metrics/metrics.js';
import { NoopTracer } from '../../../src/observability/tracing/noop.tracer.js';
import { readClientCertificate } from '../../../src/providers/auth/client-certificate.js';
import { ExternalProviderRegistry } from '../../../src/providers/external-provider.registry.js';
import type { ProviderOutcome, Unknown } from '../../../src/providers/provider-outcome.js';
import { ProvidersMetrics } from '../../../src/providers/providers.metrics.js';
import { SystemClock } from '../../../src/shared/clock.js';
import { randomHex } from '../../../src/shared/identifier.js';
import { type ConnectionProbe, probeConnection } from './connection.probe.js';
import { expiryLevel, type Finding, inDays } from './finding.js';

/** What it would log is in the findings. */
const NO_OUTPUT: LogOutput = { write: () => undefined, flushSync: () => undefined, close: () => undefined };

const STATUS =
  'Answer 404 with a JSON object to a paymentId that you do not know (docs/writing-an-external.md).';

/** Connects to an external as the gateway does, and queries the status of a payment that cannot exist. */
export async function probeExternal(
  external: ExternalConfig,
  config: Config,
  probe: ConnectionProbe,
): Promise<readonly Finding[]> {
  const subject = `external ${external.name}`;
  const { auth, baseUrl } = external;
  let tls = probe.tls;
  const findings: Finding[] = [];
  if (auth.type === 'mtls') {
    try {
      const certificate = readClientCertificate(auth);
      ({ tls } = certificate);
      findings.push(...clientCertificateFindings(subject, certificate.validToMs, probe.nowMs));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const remedy = 'Correct the files that auth names.';
      return error.problems.map((problem) => ({ level: 'wrong', subject, problem, remedy }));
    }
  }
  findings.push(...(await probeConnection(subject, baseUrl, { ...probe, tls })));
  if (auth.type === 'oauth2-client-credentials')
    findings.push(...(await probeConnection(`${subject}, token endpoint`, auth.tokenUrl, probe)));
  // What a query would find then is known already.
  if (findings.some(({ level }) => level === 'wrong') || !isOffered(external, 'status')) return findings;
  return [...findings, ...(await queryStatus(subject, external, config, probe.timeoutMs))];
}

function clientCertificateFindings(subject: string, endsAtMs: number, nowMs: number): readonly Finding[] {
  const level = expiryLevel(endsAtMs, nowMs);
  if (level === undefined) return [];
  const ends = level === 'wrong' ? 'has expired' : 'expires';
  return [
    {
      level,
      subject,
      problem: `the client certificate ${ends} (${inDays(endsAtMs, nowMs)})`,
      remedy: 'Renew it, and replace the files that auth names: the gateway reads them again by itself.',
    },
  ];
}

async function queryStatus(
  subject: string,
  external: ExternalConfig,
  config: Config,
  timeoutMs: number,
): Promise<readonly Finding[]> {
  const clock = new SystemClock();
  const registry = new ExternalProviderRegistry(
    { egress: config.egress, httpLogLevel: 'none' },
    clock,
    createLog('fatal', NO_OUTPUT, clock),
    new ProvidersMetrics(new Metrics()),
    new NoopTracer(),
  );
  try {
    registry.replace([{ ...external, timeoutMs: Math.min(external.timeoutMs, timeoutMs) }]);
    const paymentId = `tollgate-doctor-${randomHex(8)}`;
    const outcome = await registry
      .require(external.name)
      .status({ paymentId }, { requestId: `req_${paymentId}` });
    return statusFinding(subject, outcome);
  } finally {
    await registry.close();
  }
}

function statusFinding(subject: string, outcome: ProviderOutcome<object>): readonly Finding[] {
  const finding = (problem: string, remedy: string): readonly Finding[] => [
    { level: 'wrong', subject, problem: `GET /status of a payment that cannot exist: ${problem}`, remedy },
  ];
  switch (outcome.kind) {
    case 'completed':
      return finding('it has a status', STATUS);
    case 'rejected':
      if (outcome.reason === 'refused') return finding(`it answered ${outcome.status}`, STATUS);
      return outcome.page === true ? finding('it answered 404 without a JSON object', STATUS) : [];
    case 'not-executed':
      return finding(
        outcome.detail,
        outcome.reason === 'credentials-refused'
          ? 'Correct auth in the externals file, or the credentials that the external expects.'
          : outcome.reason === 'not-supported'
            ? 'Offer GET /status, or set "operations": { "status": false }.'
            : 'Check the service.',
      );
    case 'unknown':
      return finding(outcome.detail, remedyForUnknown(outcome));
    default:
      return outcome satisfies never;
  }
}

function remedyForUnknown({ reason, status = 0 }: Unknown): string {
  if (reason === 'timeout') return 'Make the service answer in time.';
  if (status >= 300 && status < 400)
    return 'Set baseUrl to the address that it redirects to, or correct the path of baseUrl.';
  return STATUS;
}
