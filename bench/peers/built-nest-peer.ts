import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/**
 * Builds the Nest peer by the compiler and the settings that Tollgate is built by, and answers the program's path. A
 * compiler that came along at run time would be counted as the peer's memory.
 */
export function builtNestPeer(): string {
  const settings = ts.readConfigFile(path('../../tsconfig.json'), (file) => ts.sys.readFile(file)).config as {
    compilerOptions: object;
  };
  const { options } = ts.convertCompilerOptionsFromJson(settings.compilerOptions, path('../..'));
  const source = readFileSync(path('./nest-pass-through.ts'), 'utf8');
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { ...options, module: ts.ModuleKind.ESNext, sourceMap: false },
  });
  // Where Node finds the gateway's own packages from.
  const folder = path('../../node_modules/.cache/tollgate-bench');
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'nest-pass-through.mjs');
  writeFileSync(program, outputText);
  return program;
}
