/**
 * Run after `npm install` when the registry is a mirror that lacks the builds of some packages for other platforms: npm
 * then leaves them out of package-lock.json without a word, and refuses that lock file in the next `npm ci`. This enters
 * them by version and platform. Their integrity is not known here; they are build tools of other platforms than ours.
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

/** By the name, as such packages are named everywhere: `…-linux-arm64-musl`, `…/darwin-x64`, `…-win32-ia32-msvc`. */
function platformOf(name) {
  const [, os, cpu, abi] =
    /(android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|ia32|loong64|ppc64|riscv64|s390x|x64)(?:-(\w+))?$/.exec(
      name,
    ) ?? [];
  if (!os) return undefined;
  return { cpu: [cpu], os: [os], ...(os === 'linux' && LIBC[abi] && { libc: [LIBC[abi]] }) };
}
