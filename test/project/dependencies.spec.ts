import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

interface LockedPackage {
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const { dependencies, devDependencies, allowScripts } = readJson('package.json') as Manifest;
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
  ])('each earn their place in one line: %s', (heading, declared) => {
    expect(namedUnder(heading).toSorted()).toEqual(Object.keys(declared).toSorted());
  });

  it('are of exactly one version', () => {
    for (const version of [...Object.values(dependencies), ...Object.values(devDependencies)]) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  it('run their install scripts only where that was decided', () => {
    const scripted = Object.keys(packages).filter((path) => packages[path]!.hasInstallScript);
    expect(scripted.map(nameOf).toSorted()).toEqual(Object.keys(allowScripts).toSorted());
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
