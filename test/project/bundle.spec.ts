import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';

let root: string;
const inRoot = (path: string): string => join(root, path);

function write(path: string, content: string): void {
  mkdirSync(dirname(inRoot(path)), { recursive: true });
  writeFileSync(inRoot(path), content);
}

/** As tsc compiles a file of src/. */
function compile(path: string, source: string): void {
  write(`src/${path}.ts`, source);
  const { outputText, sourceMapText } = transpileModule(source, {
    compilerOptions: { module: ModuleKind.ESNext, target: ScriptTarget.ES2024, sourceMap: true },
  });
  write(`dist/${path}.js`, outputText);
  const sources = [`${'../'.repeat(path.split('/').length)}src/${path}.ts`];
  write(`dist/${path}.js.map`, JSON.stringify({ ...(JSON.parse(sourceMapText!) as object), sources }));
}

function run(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

describe('the bundle', () => {
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tollgate-bundle-'));
    cpSync('scripts/bundle.js', inRoot('scripts/bundle.js'));
    write('package.json', '{ "type": "module" }');
    mkdirSync(inRoot('node_modules'));
    symlinkSync(resolve('node_modules/rolldown'), inRoot('node_modules/rolldown'));
    write('node_modules/old-package/package.json', '{ "name": "old-package", "main": "main.js" }');
    write(
      'node_modules/old-package/main.js',
      "exports.platform = require('node:os').platform(); exports.Thing = class Thing {};",
    );
    compile('main', "process.setSourceMapsEnabled(true);\nawait import('./start.js');");
    compile('persistence/sqlite/checkpoint.worker', 'export {};');
    compile('observability/operating/operating-thread', 'export {};');
    compile('persistence/migrate.main', "console.log('migrated', import.meta.url);");
    compile('module/late', "import { Thing } from './thing.js';\nexport const late = Thing.name;");
    write(
      'cli/src/main.ts',
      `import { Thing } from '../../src/module/thing.js';
import { later } from './later/later.command.js';

const thing: Thing = new Thing();
console.log(thing.place);
await later();`,
    );
    write(
      'cli/src/later/later.command.ts',
      "export async function later(): Promise<void> {\n  await import('../../../src/persistence/migrate.main.js');\n}",
    );
    compile('module/thing', 'export class Thing {\n  readonly place: string = import.meta.url;\n}');
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('keeps places, names and stack traces, and loads on demand what was imported on demand', () => {
    compile(
      'start',
      `import { platform, Thing as OtherThing } from 'old-package';
import { Thing } from './module/thing.js';

const { late } = await import('./module/late.js');
console.log(JSON.stringify({ platform, names: [Thing.name, OtherThing.name, late], place: new Thing().place }));

type Unused = string;
throw new Error('on purpose');`,
    );
    expect(run('scripts/bundle.js')).toEqual({ status: 0, output: '' });

    const { output } = run('dist/main.js');
    expect(JSON.parse(output.slice(0, output.indexOf('\n')))).toEqual({
      platform: process.platform,
      names: ['Thing', 'Thing', 'Thing'],
      place: `file://${inRoot('dist/module/thing.js')}`,
    });
    expect(output).toMatch(/src\/start\.ts:8:7/);
    expect(run('dist/persistence/migrate.main.js').output).toBe(
      `migrated file://${inRoot('dist/persistence/migrate.main.js')}\n`,
    );
    const files = readdirSync(inRoot('dist'), { recursive: true, encoding: 'utf8' });
    expect(files).toEqual(expect.arrayContaining(['packages.js', 'late.js']));
    expect(files).not.toContain('module/thing.js');
    expect(readFileSync(inRoot('dist/packages.js'), 'utf8')).not.toContain('sourceMappingURL');
  });

  it('joins the command line with the modules that it imports, but not with the programs', () => {
    compile('start', 'export {};');
    expect(run('scripts/bundle.js')).toEqual({ status: 0, output: '' });
    expect(run('dist/cli/main.js').output.split('\n')).toEqual([
      `file://${inRoot('dist/module/thing.js')}`,
      `migrated file://${inRoot('dist/persistence/migrate.main.js')}`,
      '',
    ]);
  });

  it('fails where an import cannot be resolved, and leaves the build of tsc as it is', () => {
    compile('start', "import 'missing-package';");
    const { status, output } = run('scripts/bundle.js');
    expect([status, output]).toEqual([1, expect.stringContaining('missing-package')]);
    expect(readdirSync(inRoot('dist/module'))).toContain('thing.js');
  });
});
