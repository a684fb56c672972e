import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { load } from 'js-yaml';

interface Workflow {
  readonly jobs: {
    readonly ci: {
      readonly container: string;
      readonly services: { readonly postgres: { readonly image: string } };
      readonly env: Readonly<Record<string, string>>;
      readonly steps: readonly { readonly run?: string }[];
    };
  };
}

interface LaunchFile {
  readonly configurations: readonly { readonly program: string; readonly runtimeArgs: readonly string[] }[];
}

const { devDependencies, scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  devDependencies: Readonly<Record<string, string>>;
  scripts: Readonly<Record<string, string>>;
};
const nodeMajor = devDependencies['node']!.split('.')[0]!;

describe('tooling', () => {
  it('uses one version of Node everywhere', () => {
    expect(readFileSync('.nvmrc', 'utf8').trim()).toBe(nodeMajor);
    expect(readFileSync('Dockerfile', 'utf8').match(/^ARG NODE_IMAGE=node:\d+/gm)).toEqual([
      `ARG NODE_IMAGE=node:${nodeMajor}`,
    ]);
  });

  it('runs .ci/run in the workflow, with PostgreSQL', () => {
    const { ci } = (load(readFileSync('.github/workflows/ci.yml', 'utf8')) as Workflow).jobs;
    expect(ci.container).toBe(`node:${nodeMajor}`);
    expect(ci.services.postgres.image).toMatch(/^postgres:/);
    expect(ci.env['TEST_DATABASE_URL']).toContain('@postgres:5432/');
    expect(ci.steps.flatMap(({ run }) => run ?? [])).toEqual(['.ci/run']);
  });

  it('starts existing programs from the editor', () => {
    const { configurations } = JSON.parse(readFileSync('.vscode/launch.json', 'utf8')) as LaunchFile;
    for (const { program, runtimeArgs } of configurations) {
      const paths = [
        program.replace('${workspaceFolder}/', ''),
        ...runtimeArgs.filter((arg) => arg.startsWith('.')),
      ];
      expect(paths.filter((path) => !existsSync(path))).toEqual([]);
    }
  });

  it('does not install hooks at npm ci', () => {
    expect(
      Object.keys(scripts).filter((name) => /^(pre|post)?install$|^(pre|post)?prepare$/.test(name)),
    ).toEqual([]);
  });
});

describe('scripts/hooks/pre-commit', () => {
  let root: string;

  const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' });

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tollgate-hook-'));
    git('init', '--quiet');
    for (const path of ['node_modules', '.oxlintrc.json', '.prettierrc', 'tsconfig.json']) {
      symlinkSync(resolve(path), join(root, path));
    }
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function commit(path: string, content: string): number | null {
    writeFileSync(join(root, path), content);
    git('add', path);
    return spawnSync(resolve('scripts/hooks/pre-commit'), { cwd: root, encoding: 'utf8' }).status;
  }

  it('accepts formatted sources without findings', () => {
    expect(commit('file.js', 'export const one = 1;\n')).toBe(0);
  });

  it.each([
    ['a file that is not formatted', 'file.md', '*  one\n'],
    ['a finding of the linter', 'file.js', 'var one = 1;\nexport { one };\n'],
  ])('rejects %s', (_case, path, content) => {
    expect(commit(path, content)).not.toBe(0);
  });

  it('checks staged files only', () => {
    writeFileSync(join(root, 'other.md'), '*  one\n');
    expect(commit('file.md', '- one\n')).toBe(0);
  });
});
