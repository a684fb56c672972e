import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly workspaces: readonly string[];
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

interface LockedPackage {
  readonly integrity?: string;
  /** Left out where the registry is the configured one. */
  readonly resolved?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const { dependencies, devDependencies, allowScripts, workspaces } = readJson('package.json') as Manifest;
const manifests = workspaces.map((name) => readJson(`${name}/package.json`) as Manifest);
const inWorkspaces = Object.assign({}, ...manifests.map((manifest) => manifest.dependencies)) as Record<
  string,
  string
>;
const { packages } = readJson('package-lock.json') as LockFile;
const record = readFileSync('docs/adr/0001-dependencies.md', 'utf8');

/** `node_modules/a/node_modules/@b/c` is `@b/c`. */
const nameOf = (path: string): string =>
  path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** The first cell of each row of the tables below a heading. */
function namedUnder(heading: string): string[] {
  const section = record.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name!);
}

describe('dependencies', () => {
  it.each([
    ['In the program', dependencies],
    ['For building and testing', devDependencies],
    ['In the workspaces', inWorkspaces],
  ])('have one line each that justifies them: %s', (heading, declared) => {
    expect(namedUnder(heading).toSorted()).toEqual(Object.keys(declared).toSorted());
  });

  it('have exact versions', () => {
    for (const version of [dependencies, devDependencies, inWorkspaces].flatMap(Object.values)) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  it('run install scripts only with a decision in allowScripts', () => {
    const scripted = Object.keys(packages).filter((path) => packages[path]!.hasInstallScript);
    expect(scripted.map(nameOf).toSorted()).toEqual(Object.keys(allowScripts).toSorted());
  });

  it('are locked by their content: scripts/complete-lock-file.js', () => {
    const ofRegistry = Object.keys(packages).filter(
      (path) => path.includes('node_modules/') && !packages[path]!.link,
    );
    expect(ofRegistry.length).toBeGreaterThan(500);
    expect(ofRegistry.filter((path) => !packages[path]!.integrity?.startsWith('sha512-'))).toEqual([]);
    // Not from git or a server of somebody's own.
    const from = ofRegistry.map((path) => packages[path]!.resolved ?? 'https://registry.npmjs.org/');
    expect(from.filter((url) => !url.startsWith('https://registry.npmjs.org/'))).toEqual([]);
  });

  it('are locked for every platform: scripts/complete-lock-file.js', () => {
    const locked = new Set(Object.keys(packages).map(nameOf));
    const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies),
    );
    expect(wanted).not.toEqual([]);
    expect(wanted.filter((name) => !locked.has(name))).toEqual([]);
  });
});
