import type { Config } from '../../../src/config/config.js';
import { Problem } from '../../../src/problems/problem.js';
import { IssuerConnection } from '../../../src/security/issuer-connection.js';
import { IssuerKeys } from '../../../src/security/issuer-keys.js';
import { SystemClock } from '../../../src/shared/clock.js';
import { type ConnectionProbe, probeConnection } from './connection.probe.js';
import type { Finding } from './finding.js';

const SUBJECT = 'issuer';

/** Reads the keys of the OpenID Connect issuer. */
export async function probeIssuer(
  { issuer }: NonNullable<Config['callers']['oidc']>,
  probe: ConnectionProbe,
): Promise<readonly Finding[]> {
  const findings = await probeConnection(SUBJECT, issuer, probe);
  if (findings.some(({ level }) => level === 'wrong')) return findings;
  const base = issuer.replace(/\/$/, '');
  const keys = new IssuerKeys(
    [issuer, issuer === base ? `${base}/` : base],
    new IssuerConnection(probe.guard),
    new SystemClock(),
  );
  try {
    await keys.find({ alg: 'ES256', kid: 'tollgate-doctor' }, { payload: '', signature: '' });
  } catch (error) {
    // Every other error means that the keys were read, and none of them is the one of this header.
    if (!(error instanceof Problem)) return findings;
    const reason = error.cause instanceof Error ? error.cause.message : String(error.cause);
    const remedy =
      'Correct OIDC_ISSUER, or make its /.well-known/openid-configuration and jwks_uri available.';
    return [
      ...findings,
      { level: 'wrong', subject: SUBJECT, problem: `its keys cannot be read: ${reason}`, remedy },
    ];
  } finally {
    await keys.close();
  }
  return findings;
}
