import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

/** Licences that may ship with the gateway, which is under Apache-2.0. Another one needs a decision, and a line here. */
const ALLOWED = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'Python-2.0', // argparse; permissive
  'Unlicense',
  '(MIT OR CC0-1.0)', // type-fest: types
  'MIT AND ISC AND BSD-3-Clause', // victory-vendor: parts of D3
];

interface LockedPackage {
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const { packages } = readJson('package-lock.json') as { packages: Record<string, LockedPackage> };

/** The licence of the lock file, else of the package in the form before SPDX (`licenses`). */
function licenceOf(path: string): unknown {
  const { license } = packages[path]!;
  if (license !== undefined) return license;
  const { licenses } = readJson(`${path}/package.json`) as { licenses?: { type?: string }[] };
  return licenses?.length === 1 ? licenses[0]!.type : undefined;
}

describe('the licences of production packages', () => {
  it('are on the list', () => {
    const shipped = Object.keys(packages).filter(
      (path) => path.includes('node_modules/') && !packages[path]!.dev && !packages[path]!.link,
    );
    expect(shipped.length).toBeGreaterThan(100);
    const others = shipped
      .map((path) => [path, licenceOf(path)])
      .filter(([, licence]) => !ALLOWED.includes(String(licence)));
    expect(others).toEqual([]);
  });
});
