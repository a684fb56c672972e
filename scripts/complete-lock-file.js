/**
 * Run it if the test of the lock file reports missing builds for other platforms, or entries without integrity. npm
 * omits a build from package-lock.json without a warning where the registry did not have it, or where node_modules
 * lacks it (npm/cli#4828), and the next `npm ci` on that platform rejects the lock file. This script removes the owners
 * of such builds from a copy of the lock file and has npm resolve them anew, without a node_modules.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LOCK_FILE = 'package-lock.json';

const { workspaces } = JSON.parse(readFileSync('package.json', 'utf8'));
const lock = JSON.parse(readFileSync(LOCK_FILE, 'utf8'));
const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** The entries of the registry's packages that are not complete, and their owners. */
function incomplete({ packages }) {
  const entries = Object.entries(packages).filter(
    ([path, { link }]) => path.includes('node_modules/') && !link,
  );
  const complete = new Set(entries.filter(([, { integrity }]) => integrity).map(([path]) => nameOf(path)));
  return entries
    .filter(
      ([path, { optionalDependencies = {} }]) =>
        !complete.has(nameOf(path)) || Object.keys(optionalDependencies).some((name) => !complete.has(name)),
    )
    .map(([path]) => path);
}

const folder = mkdtempSync(join(tmpdir(), 'tollgate-lock-'));
try {
  for (const path of incomplete(lock)) delete lock.packages[path];
  for (const workspace of workspaces) {
    mkdirSync(join(folder, workspace));
    copyFileSync(join(workspace, 'package.json'), join(folder, workspace, 'package.json'));
  }
  copyFileSync('package.json', join(folder, 'package.json'));
  writeFileSync(join(folder, LOCK_FILE), JSON.stringify(lock));
  const options = ['--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status } = spawnSync('npm', ['install', ...options], { cwd: folder, stdio: 'inherit' });
  const resolved = JSON.parse(readFileSync(join(folder, LOCK_FILE), 'utf8'));
  const missing = incomplete(resolved);
  if (missing.length > 0) console.error(`The registry does not have: ${missing.join(', ')}`);
  if (status === 0) writeFileSync(LOCK_FILE, `${JSON.stringify(resolved, null, 2)}\n`);
  process.exitCode = status === 0 && missing.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
