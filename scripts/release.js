/**
 * Prepares a release: `npm run release -- 0.2.0 [--dry-run]`. Sets the version of all packages, dates the section of
 * CHANGELOG.md, writes the generated documents, commits, tags, and writes a CycloneDX SBOM of the production packages
 * to release/. It does not push. `--dry-run` checks the conditions and prints the changes.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const UNRELEASED = '## [Unreleased]\n';

try {
  release();
} catch (error) {
  console.error(`release: ${error.message}`);
  process.exitCode = 1;
}

function release() {
  const { values, positionals } = parseArgs({
    options: { 'dry-run': { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const [version, ...rest] = positionals;
  if (!version || rest.length > 0) throw new Error('usage: npm run release -- VERSION [--dry-run]');
  const manifest = readJson('package.json');
  const changelog = readFileSync('CHANGELOG.md', 'utf8');
  const notes = checkConditions(version, manifest.version, changelog);

  console.log(`${manifest.version} -> ${version}\n\n${notes}\n`);
  if (values['dry-run']) return;

  setVersions(version);
  const today = new Date().toISOString().slice(0, 10);
  writeFileSync('CHANGELOG.md', changelog.replace(UNRELEASED, `${UNRELEASED}\n## [${version}] - ${today}\n`));
  execFileSync('npm', ['run', '--silent', 'docs:write'], { stdio: 'inherit' });
  git('commit', '--all', '--message', `chore(release): ${version}`);
  git('tag', '--annotate', `v${version}`, '--message', `Version ${version}`);
  console.log(`Committed and tagged v${version}. SBOM: ${writeSbom(version)}`);
  console.log('Publish it with: git push --follow-tags');
}

/** Returns the text of the Unreleased section. */
function checkConditions(version, current, changelog) {
  if (!/^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}$/.test(version)) {
    throw new Error(`the version must be MAJOR.MINOR.PATCH, not "${version}"`);
  }
  if (!isNewer(version, current)) throw new Error(`${version} must be newer than ${current}`);
  if (git('status', '--porcelain')) throw new Error('the working tree has uncommitted changes');
  if (git('tag', '--list', `v${version}`)) throw new Error(`the tag v${version} exists`);
  const notes = changelog.split(UNRELEASED)[1]?.split(/^## /m)[0].trim();
  if (!notes) throw new Error('CHANGELOG.md has no entries under Unreleased');
  return notes;
}

function isNewer(version, current) {
  const [a, b] = [version, current].map((text) => text.split('.').map(Number));
  const index = a.findIndex((part, at) => part !== b[at]);
  return index >= 0 && a[index] > b[index];
}

/** Edits package-lock.json itself: `npm version` would drop the builds for other platforms that a mirror lacks. */
function setVersions(version) {
  const lock = readJson('package-lock.json');
  lock.version = version;
  for (const folder of ['', ...readJson('package.json').workspaces]) {
    const path = join(folder, 'package.json');
    const manifest = readJson(path);
    for (const each of [manifest, lock.packages[folder]]) {
      each.version = version;
      if (each.dependencies?.['@tollgate/simulator']) each.dependencies['@tollgate/simulator'] = version;
    }
    writeJson(path, manifest);
  }
  writeJson('package-lock.json', lock);
}

/** Without development packages in the manifest: `npm sbom --omit=dev` omits packages that both kinds need. */
function writeSbom(version) {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-sbom-'));
  try {
    const { devDependencies: _, ...manifest } = readJson('package.json');
    writeJson(join(folder, 'package.json'), { ...manifest, workspaces: ['simulator'] });
    mkdirSync(join(folder, 'simulator'));
    for (const path of ['package-lock.json', 'simulator/package.json'])
      copyFileSync(path, join(folder, path));
    npm(folder, 'install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund');
    const sbom = npm(folder, 'sbom', '--package-lock-only', '--sbom-format=cyclonedx');
    mkdirSync('release', { recursive: true });
    const file = `release/tollgate-${version}.cdx.json`;
    writeFileSync(file, sbom);
    return file;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function npm(cwd, ...args) {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}

function git(...args) {
  return execFileSync('git', args, { encoding: 'utf8' }).trim();
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function writeJson(path, value) {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}
