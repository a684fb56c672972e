import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

/** How many requirements of levels 1 and 2 each section has; those of level 3 follow them (OWASP ASVS 5.0.0). */
const SECTIONS: Readonly<Record<string, number>> = {
  'V2.1': 3,
  'V2.2': 3,
  'V2.3': 4,
  'V2.4': 1,
  'V3.2': 2,
  'V3.3': 4,
  'V3.4': 6,
  'V3.5': 5,
  'V3.7': 2,
  'V4.1': 3,
  'V4.2': 1,
  'V4.3': 2,
  'V4.4': 4,
  'V6.1': 3,
  'V6.2': 12,
  'V6.3': 4,
  'V6.4': 4,
  'V6.5': 5,
  'V6.6': 3,
  'V6.8': 4,
  'V7.1': 3,
  'V7.2': 4,
  'V7.3': 2,
  'V7.4': 5,
  'V7.5': 2,
  'V7.6': 2,
  'V8.1': 2,
  'V8.2': 3,
  'V8.3': 1,
  'V8.4': 1,
  'V9.1': 3,
  'V9.2': 4,
  'V10.1': 2,
  'V10.2': 2,
  'V10.3': 4,
  'V10.4': 11,
  'V10.5': 5,
  'V10.6': 2,
  'V10.7': 3,
  'V11.1': 2,
  'V11.2': 3,
  'V11.3': 3,
  'V11.4': 4,
  'V11.5': 1,
  'V11.6': 1,
  'V12.1': 3,
  'V12.2': 2,
  'V12.3': 4,
  'V13.1': 1,
  'V13.2': 5,
  'V13.3': 2,
  'V13.4': 5,
  'V14.1': 2,
  'V14.2': 4,
  'V14.3': 3,
  'V15.1': 3,
  'V15.2': 3,
  'V15.3': 7,
  'V16.1': 1,
  'V16.2': 5,
  'V16.3': 4,
  'V16.4': 3,
  'V16.5': 3,
};

const page = readFileSync('docs/asvs.md', 'utf8');

interface Row {
  readonly ids: readonly string[];
  readonly state: string;
  readonly evidence: string;
}

const rows: readonly Row[] = [
  ...page.matchAll(/^\| (V\d+\.\d+\.\d+)(?:-V\d+\.\d+\.(\d+))? +\| [^|]+\| (\S+) +\| ([^|]+?) +\|$/gm),
].map(([, first = '', last, state = '', evidence = '']) => ({ ids: range(first, last), state, evidence }));

function range(first: string, last: string | undefined): string[] {
  const [chapter, section, from] = first.split('.') as [string, string, string];
  const length = Number(last ?? from) - Number(from) + 1;
  return Array.from({ length }, (_, i) => `${chapter}.${section}.${Number(from) + i}`);
}

const testsIn = (text: string): string[] =>
  [...text.matchAll(/`((?:src|test)\/[\w./-]+\.spec\.ts)`/g)].map(([, path]) => path!);
/** The cases that a line quotes after a file, with that file. */
const casesIn = (text: string): [string, string][] =>
  [...text.matchAll(/`([\w./-]+\.spec\.ts)`,? \(?([^)`]*)/g)].flatMap(([, path, rest]) =>
    [...rest!.matchAll(/“([^”]+)”/g)].map(([, name]): [string, string] => [path!, name!]),
  );

describe('docs/asvs.md', () => {
  it('has every requirement of levels 1 and 2 once', () => {
    const wanted = Object.entries(SECTIONS).flatMap(([section, count]) =>
      Array.from({ length: count }, (_, i) => `${section}.${i + 1}`),
    );
    expect(rows.flatMap(({ ids }) => ids)).toEqual(wanted);
  });

  it('counts its states', () => {
    const count = (wanted?: string): number =>
      rows.filter(({ state }) => wanted === undefined || state === wanted).flatMap(({ ids }) => ids).length;
    expect(page.replaceAll(/\s+/g, ' ')).toContain(
      `Of ${count()} requirements, ${count('met')} are met, ${count('n/a')} do not apply, and ${count('open')} are open.`,
    );
    expect(count('met') + count('n/a') + count('open')).toBe(count());
  });

  it('names an existing test for each that is met', () => {
    const met = rows.filter(({ state }) => state === 'met');
    expect(met.length).toBeGreaterThan(50);
    expect(met.filter(({ evidence }) => testsIn(evidence).length === 0)).toEqual([]);
    expect(rows.flatMap(({ evidence }) => testsIn(evidence)).filter((path) => !existsSync(path))).toEqual([]);
  });

  it('quotes existing cases', () => {
    const cases = rows.flatMap(({ evidence }) => casesIn(evidence));
    expect(cases.length).toBeGreaterThan(30);
    // Prettier may have escaped characters of the table.
    const plain = (text: string): string => text.replaceAll('\\', '').replaceAll('’', "'");
    expect(cases.filter(([path, name]) => !plain(readFileSync(path, 'utf8')).includes(plain(name)))).toEqual(
      [],
    );
  });
});

describe('the code behind docs/asvs.md', () => {
  const sources = globSync('src/**/*.ts')
    .filter((path) => !path.endsWith('.spec.ts'))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
  const matches = (pattern: RegExp): [path: string, found: string][] =>
    sources.flatMap(({ path, text }) =>
      [...text.matchAll(pattern)].map(([, found = '']): [string, string] => [path, found]),
    );

  it('lists every file that uses cryptography', () => {
    const [, inventory = ''] = page.split('## Cryptographic inventory');
    const listed = [...inventory.matchAll(/`(src\/[\w./-]+\.ts)`/g)].map(([, path]) => path!);
    const users = matches(/^(?:import|export) [^;]*from '(?:node:crypto|node:tls|node:https|jose)';/gm);
    expect(listed.toSorted()).toEqual([...new Set(users.map(([path]) => path))].toSorted());
  });

  it('uses approved hash functions only', () => {
    const hashes = matches(/\b(?:createHash|createHmac|hash)\(\s*'([\w-]+)'/g);
    expect(hashes.length).toBeGreaterThan(5);
    expect(hashes.filter(([, name]) => name !== 'sha256' && name !== 'sha512')).toEqual([]);
    // None by a variable.
    expect(matches(/\b(createHash|createHmac)\((?!\s*')/g)).toEqual([]);
  });

  it('makes secrets of 128 random bits and more, none by Math.random', () => {
    const made = matches(/new Secret\([^;]*?randomBytes\((\d+)\)/g);
    expect(made.length).toBeGreaterThan(2);
    expect(made.filter(([, bytes]) => Number(bytes) < 16)).toEqual([]);
    // Pauses and delays.
    expect([...new Set(matches(/Math\.random\(\)/g).map(([path]) => path))].toSorted()).toEqual([
      'src/notifications/receiver-breaker.ts',
      'src/notifications/retry-schedule.ts',
      'src/persistence/postgres/postgres.store.ts',
      'src/providers/attempts.ts',
    ]);
  });
});
