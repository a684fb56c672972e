/**
 * Runs before `npm start`, `npm run simulator` and `npm run migrate`: builds dist/ when it is missing or older than what
 * it is made from, and says nothing when there is nothing to do.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (path) => join(ROOT, path);

const SOURCES = inRoot('src');
const SETTINGS = ['nest-cli.json', 'package.json', 'tsconfig.json', 'tsconfig.build.json'].map(inRoot);
/** npm rewrites it with each installation. */
const INSTALLED = inRoot('node_modules/.package-lock.json');

const PROGRAM = inRoot('dist/main.js');
/** tsc writes it last, so a build that was killed has none; one that failed has no program (`noEmitOnError`). */
const BUILD_INFO = inRoot('dist/.tsbuildinfo');

const NEST = inRoot('node_modules/@nestjs/cli/bin/nest.js');
const LOCK = inRoot('node_modules/.tollgate-build.lock');
const LOCK_WAIT_MS = 200;
const LOCK_LOST_MS = 300_000;

if (isStale()) await buildOnce();

function isStale() {
  if (!existsSync(SOURCES)) return false; // dist/ was shipped alone
  if (!existsSync(PROGRAM)) return true;
  const builtAtMs = modifiedAtMs(BUILD_INFO);
  return [SOURCES, ...SETTINGS, INSTALLED].some((path) => newestMs(path) > builtAtMs);
}

/** Of a file, or of a folder and all below it: a file that was deleted shows in the time of its folder. */
function newestMs(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats?.mtimeMs ?? 0;
  const below = readdirSync(path).filter((name) => !name.endsWith('.spec.ts'));
  return Math.max(stats.mtimeMs, ...below.map((name) => newestMs(join(path, name))));
}

function modifiedAtMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** One build at a time: two terminals on a fresh clone would delete each other's dist/. */
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
  console.log('Building dist/ ...');
  const startedAtMs = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [NEST, 'build'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) {
    console.error(`${stdout ?? ''}${stderr ?? ''}The build failed.`);
    process.exitCode = 1;
    return;
  }
  console.log(`Built in ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s.`);
}

/** After `npm prune --omit=dev` what was built before is all there is. */
function withoutBuildTools() {
  const built = existsSync(PROGRAM);
  console.error(
    built
      ? 'dist/ is older than the sources or the packages, and the build tools are not installed: it runs as it is.'
      : 'There is no dist/, and the build tools are not installed: run `npm ci`, without --omit=dev.',
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

/** Its owner was killed. */
function isLockLost() {
  try {
    if (Date.now() - modifiedAtMs(LOCK) > LOCK_LOST_MS) return true;
    process.kill(Number(readFileSync(LOCK, 'utf8')), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}
