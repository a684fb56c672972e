/**
 * Run it after `npm install` from a mirror that lacks some packages' builds for other platforms. npm omits such
 * builds from package-lock.json without a warning, and the next `npm ci` rejects that lock file. This script adds
 * them by version and platform, without their integrity, which is not known here. They are build tools of platforms
 * other than this one.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const LOCK_FILE = 'package-lock.json';
const LIBC = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' };

const lock = JSON.parse(readFileSync(LOCK_FILE, 'utf8'));
const { '': project, ...packages } = lock.packages;
const known = new Set(
  Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)),
);

for (const owner of Object.values({ ...packages })) {
  for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
    const platform = platformOf(name);
    if (known.has(name) || !platform) continue;
    packages[`node_modules/${name}`] = {
      version,
      ...platform,
      ...(owner.dev && { dev: true }),
      optional: true,
    };
    console.log(`${name}@${version}`);
  }
}

lock.packages = {
  '': project,
  ...Object.fromEntries(Object.entries(packages).toSorted(([a], [b]) => (a < b ? -1 : 1))),
};
writeFileSync(LOCK_FILE, `${JSON.stringify(lock, null, 2)}\n`);

/** Reads the platform from the name: `…-linux-arm64-musl`, `…/darwin-x64`, `…-win32-ia32-msvc`. */
function platformOf(name) {
  const [, os, cpu, abi] =
    /(android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|ia32|loong64|ppc64|riscv64|s390x|x64)(?:-(\w+))?$/.exec(
      name,
    ) ?? [];
  if (!os) return undefined;
  return { cpu: [cpu], os: [os], ...(os === 'linux' && LIBC[abi] && { libc: [LIBC[abi]] }) };
}
