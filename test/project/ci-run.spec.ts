import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

/**
 * Stands in for npm: `FAILING` names scripts that fail, `TESTS` is what a run of Jest reports (`FIRST_TESTS`: that of `npm test`),
 * `AGAIN` what a repetition reports.
 */
const NPM = `#!/usr/bin/env bash
if [[ $1 == test ]]; then TESTS="$FIRST_TESTS"; fi
for argument in "$@"; do
  case $argument in
    --outputFile=*.again) echo "$AGAIN" > "\${argument#--outputFile=}"; [[ $AGAIN != *failed* ]]; exit ;;
    --outputFile=*) [[ -z $TESTS ]] || echo "$TESTS" > "\${argument#--outputFile=}" ;;
  esac
done
for argument in "$@"; do
  if [[ " $FAILING " == *" $argument "* ]]; then exit 1; fi
done
`;

interface FileReport {
  readonly name: string;
  readonly passed?: number;
  readonly failed?: number;
  readonly isLoaded?: boolean;
}

const report = (...files: readonly FileReport[]): string =>
  JSON.stringify({
    testResults: files.map(({ name, passed = 0, failed = 0, isLoaded = true }) => ({
      name,
      status: failed > 0 || !isLoaded ? 'failed' : 'passed',
      message: isLoaded ? '' : 'SyntaxError: a token',
      assertionResults: [
        ...Array.from({ length: passed }, () => ({ status: 'passed', fullName: 'a', failureMessages: [] })),
        ...Array.from({ length: failed }, () => ({
          status: 'failed',
          fullName: 'is paid once',
          failureMessages: ['Error: 2'],
        })),
      ],
    })),
  });

const PASSED = report({ name: 'a.spec.ts', passed: 3 });

describe('.ci/run', () => {
  let root: string;

  const write = (path: string, content: string, mode = 0o755): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
    chmodSync(join(root, path), mode);
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tollgate-ci-'));
    for (const path of ['.ci/run', 'scripts/count-tests.js']) cpSync(path, join(root, path));
    for (const script of ['first-payment', 'generated-clients', 'validating-proxy', 'audit'])
      write(`scripts/${script}.js`, '');
    write('package.json', '{ "type": "module" }');
    write('bin/npm', NPM);
    // Otherwise they would be installed.
    for (const program of ['chromium', 'pgbouncer', 'cc', 'faketime', 'promtool', 'go', 'nginx'])
      write(`bin/${program}`, '#!/bin/sh\n');
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function run({ failing = '', tests = PASSED, firstTests = '', again = '', requireAudit = '' } = {}): {
    status: number | null;
    lines: string[];
  } {
    const PATH = `${join(root, 'bin')}:${dirname(process.execPath)}:/usr/bin:/bin`;
    const env = {
      PATH,
      FAILING: failing,
      TESTS: tests,
      FIRST_TESTS: firstTests || tests,
      AGAIN: again,
      REQUIRE_AUDIT: requireAudit,
    };
    const { status, stdout } = spawnSync(join(root, '.ci/run'), { env, encoding: 'utf8', cwd: tmpdir() });
    return { status, lines: stdout.trimEnd().split('\n') };
  }

  it('passes when every step passes, and ends with the number of tests of all runs', () => {
    const { status, lines } = run();
    expect(status).toBe(0);
    expect(lines.at(-1)).toBe('18 passed, 0 failed');
  });

  it.each([
    'format',
    'lint',
    'imports',
    'types',
    'build',
    'test',
    'test:browser',
    'test:postgres',
    'test:faults',
    'test:pgbouncer',
    'test:kill',
    'test:chaos',
  ])('fails when %s fails, but runs the rest', (script) => {
    const { status, lines } = run({ failing: script });
    expect(status).toBe(1);
    expect(lines.filter((line) => line.includes('FAILED'))).not.toEqual([]);
    expect(lines.at(-1)).toBe('18 passed, 0 failed');
  });

  it('passes for any result of the benchmark, which it shows last', () => {
    const { status, lines } = run({ failing: 'bench:quick' });
    expect(status).toBe(0);
    expect(lines.at(-2)).toMatch(/CPU per request .*NOT SHOWN: ended with 1/);
  });

  it.each([
    ['passes, and says so,', '', 0, / NOT CHECKED$/],
    ['fails with REQUIRE_AUDIT', 'true', 1, / FAILED: not checked$/],
  ])('%s when no advisory can be checked', (_what, requireAudit, expected, said) => {
    write('scripts/audit.js', 'process.exitCode = 75;');
    const { status, lines } = run({ requireAudit });
    expect(status).toBe(expected);
    expect(lines.find((line) => line.includes('  audit of production packages'))).toMatch(said);
  });

  const BROKEN = report(
    ...['b', 'c', 'd'].map((name) => ({ name, failed: 1 })),
    { name: 'a.spec.ts', passed: 3, failed: 2 },
    { name: 'e', isLoaded: false },
  );

  it('names and counts failures, and a file that could not be loaded as one', () => {
    const { status, lines } = run({ failing: 'test', tests: BROKEN });
    expect(status).toBe(1);
    expect(lines.at(-1)).toBe('18 passed, 36 failed');
    expect(lines.find((line) => line.startsWith('FAILED a.spec.ts'))).toMatch(/: is paid once: Error: 2/);
    expect(lines.at(-2)).toMatch(/^FAILED .*e: SyntaxError: a token/);
  });

  const FLAKY = report({ name: 'a.spec.ts', passed: 3 }, { name: 'b.spec.ts', passed: 1, failed: 1 });

  it('repeats up to three files that fail, and names what passed then', () => {
    const { status, lines } = run({
      failing: 'test',
      firstTests: FLAKY,
      again: report({ name: 'b.spec.ts', passed: 2 }),
    });
    expect(status).toBe(0);
    expect(lines.join('\n')).toMatch(/FLAKY b\.spec\.ts: is paid once: Error: 2/);
    expect(lines.find((line) => line.includes('  tests, repeated'))).toMatch(/passed$/);
  });

  it.each([
    ['fails again', report({ name: 'b.spec.ts', passed: 1, failed: 1 })],
    ['does not run again', ''],
  ])('fails when a file %s', (_what, again) => {
    const { status, lines } = run({ failing: 'test', firstTests: FLAKY, again });
    expect(status).toBe(1);
    expect(lines.join('\n')).toMatch(/^FAILED b\.spec\.ts: is paid once/m);
  });

  it.each([
    ['no test ran', report({ name: 'a.spec.ts' })],
    ['nothing was reported', ''],
  ])('fails when %s', (_what, tests) => {
    const { status, lines } = run({ tests });
    expect(status).toBe(1);
    expect(lines.at(-1)).toBe('0 passed, 0 failed');
  });

  it('stops without its packages', () => {
    const { status, lines } = run({ failing: 'ci' });
    expect(status).toBe(1);
    expect(lines.join('\n')).not.toContain('=== lint');
    expect(lines.at(-1)).toBe('0 passed, 0 failed');
  });
});
