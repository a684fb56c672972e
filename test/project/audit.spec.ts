import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** Stands in for npm: prints what `npm audit --json` prints. */
const NPM = `#!/bin/sh
printf '%s' "$ANSWER"
`;

describe('scripts/audit.js', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tollgate-audit-'));
    writeFileSync(join(folder, 'npm'), NPM, { mode: 0o755 });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const found = { name: 'left-pad', severity: 'low', range: '<1.3.1' };

  it.each<[string, string, number, string]>([
    [
      'no advisory',
      JSON.stringify({ vulnerabilities: {}, metadata: { vulnerabilities: { total: 0 } } }),
      0,
      '0 found.',
    ],
    [
      'an advisory of the lowest severity',
      JSON.stringify({ vulnerabilities: { 'left-pad': found }, metadata: { vulnerabilities: { total: 1 } } }),
      1,
      'low: left-pad <1.3.1',
    ],
    [
      'a registry without advisories',
      JSON.stringify({ message: '405 Method Not Allowed' }),
      75,
      'NOT CHECKED',
    ],
    ['no answer', '', 75, 'NOT CHECKED'],
  ])('tells %s', (_what, answer, status, said) => {
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}`, ANSWER: answer };
    const run = spawnSync(process.execPath, ['scripts/audit.js'], { env, encoding: 'utf8' });
    expect([run.status, run.stdout]).toEqual([status, expect.stringContaining(said)]);
  });
});
