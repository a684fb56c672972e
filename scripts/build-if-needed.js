/**
 * Runs before `npm start`, `npm run simulator`, `npm run migrate` and `tollgate`: builds the simulator and the gateway when a
 * build is missing or older than its sources, settings or packages. Prints nothing when both are current, and else to
 * stderr: stdout belongs to the program.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (path) => join(ROOT, path);

const SOURCES = ['src', 'simulator/src', 'cli/src', 'client/src', 'console/src'].map(inRoot);
const SETTINGS = [
  'console/index.html',
  'console/package.json',
  'console/vite.config.js',
  'nest-cli.json',
  'package.json',
  'scripts/bundle.js',
  'simulator/package.json',
  'simulator/tsconfig.json',
  'tsconfig.json',
  'tsconfig.build.json',
].map(inRoot);
/** npm writes it at each installation. */
const INSTALLED = inRoot('node_modules/.package-lock.json');

/** `scripts/bundle.js` writes packages.js last: without it a build was killed, or was that of `nest build` alone. */
const PROGRAMS = [
  'simulator/dist/main.js',
  'dist/main.js',
  'dist/packages.js',
  'console/dist/index.html',
].map(inRoot);
/** tsc writes it last, so a killed build has none; a failed build has no program (`noEmitOnError`). */
const BUILD_INFO = inRoot('dist/.tsbuildinfo');

/** The simulator first: the gateway imports its types. */
const TSC = inRoot('node_modules/typescript/bin/tsc');
const NEST = inRoot('node_modules/@nestjs/cli/bin/nest.js');
const BUNDLE = inRoot('scripts/bundle.js');
const VITE = inRoot('node_modules/vite/bin/vite.js');
const BUILDS = [[TSC, '--project', 'simulator'], [NEST, 'build'], [BUNDLE], [VITE, 'build', 'console']];
const LOCK = inRoot('node_modules/.tollgate-build.lock');
const LOCK_WAIT_MS = 200;
const LOCK_LOST_MS = 300_000;

if (isStale()) await buildOnce();

function isStale() {
  if (!existsSync(SOURCES[0])) return false; // an installation without sources
  if (!isBuilt()) return true;
  const builtAtMs = modifiedAtMs(BUILD_INFO);
  return [...SOURCES, ...SETTINGS, INSTALLED].some((path) => newestMs(path) > builtAtMs);
}

function isBuilt() {
  return PROGRAMS.every((program) => existsSync(program));
}

/** The latest change of a file, or of a folder and everything in it. Deleting a file changes its folder. */
function newestMs(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats?.mtimeMs ?? 0;
  const below = readdirSync(path).filter((name) => !name.endsWith('.spec.ts'));
  return Math.max(stats.mtimeMs, ...below.map((name) => newestMs(join(path, name))));
}

function modifiedAtMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** One build at a time: two terminals on a fresh clone would delete each other's output. */
async function buildOnce() {
  while (!takeLock()) await sleep(LOCK_WAIT_MS);
  try {
    if (isStale()) build();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

function build() {
  if (!existsSync(NEST)) return withoutBuildTools();
  console.error('Building dist/ ...');
  const startedAtMs = performance.now();
  for (const command of BUILDS) {
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8' });
    if (status !== 0) {
      console.error(`${stdout ?? ''}${stderr ?? ''}The build failed.`);
      process.exitCode = 1;
      return;
    }
  }
  console.error(`Built in ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s.`);
}

/** After `npm prune --omit=dev` only an earlier build can run. */
function withoutBuildTools() {
  const built = isBuilt();
  console.error(
    built
      ? 'The build is older than the sources or packages, but the build tools are not installed: starting it as it is.'
      : 'The program is not built, and the build tools are not installed: run `npm ci` without --omit=dev.',
  );
  if (!built) process.exitCode = 1;
}

function takeLock() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (isLockLost()) rmSync(LOCK, { force: true });
    return false;
  }
}

/** True where the process that took the lock has ended. */
function isLockLost() {
  try {
    if (Date.now() - modifiedAtMs(LOCK) > LOCK_LOST_MS) return true;
    process.kill(Number(readFileSync(LOCK, 'utf8')), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}
