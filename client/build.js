/**
 * Compiles the client twice, as ES modules and as CommonJS: `npm run build --workspace client`. Each folder's
 * package.json names its module system, so that Node and TypeScript load files and types of the same kind.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const FORMATS = [
  { name: 'esm', type: 'module', options: [] },
  { name: 'cjs', type: 'commonjs', options: ['--module', 'commonjs', '--moduleResolution', 'bundler'] },
];

rmSync(`${FOLDER}dist`, { recursive: true, force: true });
for (const { name, type, options } of FORMATS) {
  const outDir = `${FOLDER}dist/${name}`;
  const args = [TSC, '--project', FOLDER, '--outDir', outDir, ...options];
  execFileSync(process.execPath, args, { stdio: 'inherit' });
  mkdirSync(outDir, { recursive: true });
  writeFileSync(`${outDir}/package.json`, `${JSON.stringify({ type })}\n`);
}
