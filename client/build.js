/**
 * Builds `dist/`: ES modules with their types by tsc, then the same modules as CommonJS. Each folder's package.json names
 * its module system, so that Node and TypeScript load files and types of the same kind. `npm pack` runs it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const ESM = join(FOLDER, 'dist/esm');
const CJS = join(FOLDER, 'dist/cjs');
const TSC = fileURLToPath(import.meta.resolve('typescript/bin/tsc'));

rmSync(join(FOLDER, 'dist'), { recursive: true, force: true });
execFileSync(process.execPath, [TSC, '--project', FOLDER], { stdio: 'inherit' });
for (const path of readdirSync(ESM, { recursive: true }).filter((name) => /\.(?:js|d\.ts)$/.test(name))) {
  const text = readFileSync(join(ESM, path), 'utf8');
  mkdirSync(dirname(join(CJS, path)), { recursive: true });
  writeFileSync(join(CJS, path), path.endsWith('.js') ? commonJs(text) : text);
}
writeFileSync(join(ESM, 'package.json'), '{ "type": "module" }\n');
writeFileSync(join(CJS, 'package.json'), '{ "type": "commonjs" }\n');

function commonJs(text) {
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  return ts.transpileModule(text, { compilerOptions }).outputText;
}
