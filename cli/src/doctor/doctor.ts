import { Logger } from '@nestjs/common';
import type { Environment } from '../../../src/config/environment.js';
import { PAYMENT_CALLBACK } from '../../../src/config/receiver-config.js';
import { AddressGuard } from '../../../src/outbound/address-guard.js';
import { probeConnection } from './connection.probe.js';
import { probeDatabase } from './database.probe.js';
import { probeExternal } from './external.probe.js';
import type { Finding, FindingLevel } from './finding.js';
import { probeIssuer } from './issuer.probe.js';
import { pgmFindings } from './pgm.js';
import { readSetup } from './setup.js';

/** Bounds each connection and each query. */
const TIMEOUT_MS = 5_000;
const ORDER: readonly FindingLevel[] = ['wrong', 'soon', 'risk'];

export interface Diagnosis {
  /** What was looked at, in words. */
  readonly examined: readonly string[];
  /** What is wrong first. */
  readonly findings: readonly Finding[];
}

export interface DiagnosisRequest {
  readonly env: Environment;
  /** The environment is that of PGM 12.x. */
  readonly isPgm?: boolean;
  readonly nowMs: number;
}

/**
 * Reads the set-up, connects to everything that it names, and lists what should be changed. It sends no payment and no
 * notification, and neither creates nor migrates a database.
 */
export async function diagnose({ env, isPgm = false, nowMs }: DiagnosisRequest): Promise<Diagnosis> {
  // Modules of the gateway log what the findings say.
  Logger.overrideLogger(false);
  const { config, externals, receivers, findings } = readSetup(env);
  const guard = new AddressGuard(config.egress);
  const probe = { guard, nowMs, timeoutMs: TIMEOUT_MS };
  const { oidc } = config.callers;
  const found = await Promise.all([
    probeDatabase(config.database),
    ...externals.map((external) => probeExternal(external, config, probe)),
    ...receivers.map(({ name, url }) => probeConnection(`receiver ${name}`, url, probe)),
    ...(oidc ? [probeIssuer(oidc, probe)] : []),
  ]);
  const all = [...findings, ...(isPgm ? pgmFindings(env, externals) : []), ...found.flat()];
  return {
    examined: [
      'the environment and its files',
      config.database.kind === 'sqlite' ? `the ledger ${config.database.path}` : 'the PostgreSQL database',
      ...externals.map(({ name, baseUrl }) => `external ${name} (${new URL(baseUrl).host})`),
      ...receivers.map(
        ({ name, url }) =>
          `receiver ${name === PAYMENT_CALLBACK ? 'of PAYMENT_CALLBACK_URL' : name} (${new URL(url).host})`,
      ),
      ...(oidc ? [`issuer ${oidc.issuer}`] : []),
    ],
    findings: ORDER.flatMap((level) => all.filter((finding) => finding.level === level)),
  };
}
