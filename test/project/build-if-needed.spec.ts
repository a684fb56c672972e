import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

/** Stands in for Nest's compiler, which takes seconds. Logs each build and fails while src/broken.ts exists. */
const NEST = `
  const { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } = require('node:fs');
  appendFileSync('builds.log', process.argv[2] + '\\n');
  rmSync('dist', { recursive: true, force: true });
  mkdirSync('dist');
  const broken = existsSync('src/broken.ts');
  if (broken) console.error('src/broken.ts: error');
  else writeFileSync('dist/main.js', '');
  writeFileSync('dist/.tsbuildinfo', '');
  process.exitCode = broken ? 1 : 0;
`;
/** Stands in for the compiler of the simulator. */
const TSC = `
  const { mkdirSync, writeFileSync } = require('node:fs');
  mkdirSync('simulator/dist', { recursive: true });
  writeFileSync('simulator/dist/main.js', '');
`;
/** Stands in for the builder of the console. */
const VITE = `
  const { mkdirSync, writeFileSync } = require('node:fs');
  mkdirSync('console/dist', { recursive: true });
  writeFileSync('console/dist/index.html', '');
`;
/** Stands in for the bundler. */
const BUNDLE = `
  import { writeFileSync } from 'node:fs';
  writeFileSync('dist/packages.js', '');
`;
const PAST = new Date('2020-01-01');
/** The time of the build: earlier than any change of a test at every resolution of the file system's clock. */
const PRESENT = new Date('2021-01-01');

let root: string;
const inRoot = (path: string): string => join(root, path);

function write(path: string, content = ''): void {
  mkdirSync(dirname(inRoot(path)), { recursive: true });
  writeFileSync(inRoot(path), content);
}

async function run(): Promise<{ exitCode: number | null; output: string }> {
  const child = spawn(process.execPath, [inRoot('scripts/build-if-needed.js')], { cwd: tmpdir() });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { exitCode, output: stdout + stderr };
}

const builds = (): number =>
  existsSync(inRoot('builds.log')) ? readFileSync(inRoot('builds.log'), 'utf8').split('\n').length - 1 : 0;

describe('build-if-needed', () => {
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tollgate-build-'));
    cpSync('scripts/build-if-needed.js', inRoot('scripts/build-if-needed.js'));
    write('node_modules/@nestjs/cli/bin/nest.js', NEST);
    write('node_modules/typescript/bin/tsc', TSC);
    write('node_modules/vite/bin/vite.js', VITE);
    write('scripts/bundle.js', BUNDLE);
    write('package.json', '{ "type": "module" }');
    write('node_modules/package.json', '{ "type": "commonjs" }');
    write('src/module/file.ts');
    write('simulator/src/file.ts');
    write('console/src/file.tsx');
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('builds once and prints nothing the next time', async () => {
    expect(await run()).toMatchObject({
      exitCode: 0,
      output: expect.stringMatching(/^Building.*\nBuilt in/),
    });
    expect(await run()).toEqual({ exitCode: 0, output: '' });
    expect(builds()).toBe(1);
  });

  it.each([
    ['a source was changed', () => write('src/module/file.ts', '1')],
    ['a source was deleted', () => rmSync(inRoot('src/module/file.ts'))],
    ['a source of the simulator was changed', () => write('simulator/src/file.ts', '1')],
    ['a source of the console was changed', () => write('console/src/file.tsx', '1')],
    ['the console is missing', () => rmSync(inRoot('console/dist'), { recursive: true })],
    ['a setting was changed', () => write('tsconfig.json')],
    ['packages were installed', () => write('node_modules/.package-lock.json')],
    ['the program is missing', () => rmSync(inRoot('dist/main.js'))],
    ['the bundle is missing', () => rmSync(inRoot('dist/packages.js'))],
    ['the bundler was changed', () => write('scripts/bundle.js', `${BUNDLE}\n`)],
    ['the simulator is missing', () => rmSync(inRoot('simulator/dist'), { recursive: true })],
    ['the last build was killed', () => rmSync(inRoot('dist/.tsbuildinfo'))],
  ])('rebuilds when %s', async (_what, change) => {
    await run();
    utimesSync(inRoot('dist/.tsbuildinfo'), PRESENT, PRESENT);
    for (const path of [
      'src/module/file.ts',
      'src/module',
      'src',
      'simulator/src/file.ts',
      'simulator/src',
      'console/src/file.tsx',
      'console/src',
      'package.json',
      'scripts/bundle.js',
    ]) {
      utimesSync(inRoot(path), PAST, PAST);
    }
    expect(await run()).toEqual({ exitCode: 0, output: '' });
    change();
    await run();
    expect(builds()).toBe(2);
  });

  it('does not rebuild for a test', async () => {
    await run();
    write('src/module/file.spec.ts');
    utimesSync(inRoot('src/module'), PAST, PAST);
    await run();
    expect(builds()).toBe(1);
  });

  it('prints why a build failed and rebuilds the next time', async () => {
    write('src/broken.ts');
    expect(await run()).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('src/broken.ts: error'),
    });
    expect((await run()).exitCode).toBe(1);
    rmSync(inRoot('src/broken.ts'));
    expect((await run()).exitCode).toBe(0);
    expect(builds()).toBe(3);
  });

  it('builds once for two starts at the same time', async () => {
    const results = await Promise.all([run(), run()]);
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(builds()).toBe(1);
  });

  it('takes the lock of a killed process', async () => {
    write('node_modules/.tollgate-build.lock', '999999999');
    expect((await run()).exitCode).toBe(0);
    expect(builds()).toBe(1);
  });

  it('starts an old build with a warning when the build tools were pruned', async () => {
    await run();
    rmSync(inRoot('node_modules/@nestjs'), { recursive: true });
    write('node_modules/.package-lock.json');
    utimesSync(inRoot('dist/.tsbuildinfo'), PAST, PAST);
    expect(await run()).toMatchObject({ exitCode: 0, output: expect.stringContaining('not installed') });
  });

  it('fails without a build and without build tools', async () => {
    rmSync(inRoot('node_modules/@nestjs'), { recursive: true });
    expect(await run()).toMatchObject({ exitCode: 1, output: expect.stringContaining('npm ci') });
  });

  it('does nothing without sources', async () => {
    rmSync(inRoot('src'), { recursive: true });
    expect(await run()).toEqual({ exitCode: 0, output: '' });
  });
});
