import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

/** Stands in for npm: `run docs:write` changes a document, `sbom` prints one. */
const NPM = `#!/usr/bin/env bash
case "$1" in
  run) echo current > docs.txt ;;
  sbom) echo '{"bomFormat": "CycloneDX"}' ;;
esac
`;
const CHANGELOG =
  '# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n\n## [0.1.0] - 2026-01-31\n\n- The first.\n';

interface Manifest {
  readonly version: string;
  readonly workspaces: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
}

const { workspaces: WORKSPACES } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const FILES = ['package.json', 'package-lock.json', ...WORKSPACES.map((name) => `${name}/package.json`)];

describe('scripts/release.js', () => {
  let root: string;

  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  const manifest = (path: string): Manifest => JSON.parse(read(path)) as Manifest;
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();

  function write(path: string, content: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }

  function release(...args: string[]): { status: number | null; output: string } {
    const env = {
      PATH: `${join(root, 'bin')}:${dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: root,
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@example.com',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@example.com',
    };
    const script = resolve('scripts/release.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
      cwd: root,
      env,
      encoding: 'utf8',
    });
    return { status, output: stdout + stderr };
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tollgate-release-'));
    for (const path of FILES) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      cpSync(path, join(root, path));
    }
    write('CHANGELOG.md', CHANGELOG);
    write('docs.txt', 'old');
    write('.gitignore', 'release/\nbin/\n');
    write('bin/npm', NPM);
    chmodSync(join(root, 'bin/npm'), 0o755);
    git('init', '--quiet');
    git('add', '--all');
    git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '--quiet', '--message', 'first');
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('sets all versions, dates the changelog, commits, tags and writes an SBOM', () => {
    const { status, output } = release('99.0.0');
    expect([status, output]).toEqual([0, expect.stringContaining('- A thing.')]);
    for (const path of FILES) {
      expect([path, manifest(path).version]).toEqual([path, '99.0.0']);
    }
    expect(manifest('package.json').dependencies?.['@tollgate/simulator']).toBe('99.0.0');
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Manifest> };
    const versions = ['', ...WORKSPACES].map((path) => packages[path]!.version);
    expect(versions).toEqual(versions.map(() => '99.0.0'));
    expect(read('CHANGELOG.md')).toMatch(
      /## \[Unreleased\]\n\n## \[99\.0\.0\] - \d{4}-\d\d-\d\d\n\n### Added\n\n- A thing\./,
    );
    expect(git('log', '-1', '--format=%s')).toBe('chore(release): 99.0.0');
    expect(git('show', '--stat', '--format=', 'HEAD')).toContain('docs.txt');
    expect(git('describe')).toBe('v99.0.0');
    expect(git('status', '--porcelain')).toBe('');
    expect(read('release/tollgate-99.0.0.cdx.json')).toContain('CycloneDX');
  });

  it('changes nothing with --dry-run', () => {
    expect(release('99.0.0', '--dry-run').status).toBe(0);
    expect([git('status', '--porcelain'), git('tag'), existsSync(join(root, 'release'))]).toEqual([
      '',
      '',
      false,
    ]);
  });

  it.each([
    ['no version', [], () => undefined, 'usage'],
    ['a version that is not semantic', ['1.0'], () => undefined, 'MAJOR.MINOR.PATCH'],
    ['an older version', ['0.0.9'], () => undefined, 'must be newer'],
    ['uncommitted changes', ['99.0.0'], () => write('docs.txt', 'changed'), 'uncommitted'],
    ['an existing tag', ['99.0.0'], () => git('tag', 'v99.0.0'), 'exists'],
    [
      'no entries',
      ['99.0.0'],
      () => {
        write('CHANGELOG.md', CHANGELOG.replace('### Added\n\n- A thing.\n\n', ''));
        git(
          '-c',
          'user.name=a',
          '-c',
          'user.email=a@example.com',
          'commit',
          '--quiet',
          '--all',
          '--message',
          'x',
        );
      },
      'no entries',
    ],
  ])('fails with %s', (_case, args, arrange, message) => {
    arrange();
    const before = git('rev-parse', 'HEAD');
    expect(release(...args)).toEqual({ status: 1, output: expect.stringContaining(message) });
    expect(git('rev-parse', 'HEAD')).toBe(before);
  });
});
