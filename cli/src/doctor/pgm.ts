import type { Environment } from '../../../src/config/environment.js';
import type { ExternalConfig } from '../../../src/config/external-config.js';
import type { Finding } from './finding.js';

const GUIDE = 'docs/moving-from-pgm.md';

/** The environment of a PGM deployment as Tollgate would start with it: in production. */
export function pgmEnvironment(env: Environment, configPath: string | undefined): Environment {
  return {
    NODE_ENV: 'production',
    ...env,
    ...(configPath !== undefined && { EXTERNAL_PROVIDERS_CONFIG: configPath }),
  };
}

/** What a valid configuration still lacks on the way from PGM 12.x. */
export function pgmFindings(env: Environment, externals: readonly ExternalConfig[]): readonly Finding[] {
  return [
    ...(env['FLOW_MANAGER_URL']
      ? [
          {
            level: 'wrong' as const,
            subject: 'environment',
            problem: 'FLOW_MANAGER_URL: POST /saga/pay of the Flow Manager is not part of Tollgate',
            remedy: `Call /v3/{external}/pay instead (${GUIDE}).`,
          },
        ]
      : []),
    ...externals
      .filter(({ compatibility }) => compatibility !== 'pgm-12')
      .map(({ name }) => ({
        level: 'risk' as const,
        subject: `external ${name}`,
        problem: 'it has no "compatibility": "pgm-12", and may answer what only PGM 12.x accepts',
        remedy: `Add it if the external or its callers use what the table in ${GUIDE} marks.`,
      })),
  ];
}
