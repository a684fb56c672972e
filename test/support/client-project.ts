import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { exclusively } from './exclusively.js';

/** A project outside the repository that has installed the client's tarball, as a user's would. */
export interface ClientProject {
  readonly folder: string;
  /** Makes an installed package of this repository one of the project. */
  link(...packages: readonly string[]): void;
  write(path: string, content: string): void;
  /** Compiles all that was written, strictly; returns the compiler's complaints. */
  compile(options?: object): Promise<string>;
  /** Runs a program; returns what it printed. Fails where it fails. */
  run(...command: readonly string[]): Promise<string>;
  runWith(env: Readonly<Record<string, string>>, ...command: readonly string[]): Promise<string>;
  start(env: Readonly<Record<string, string>>, path: string): ChildProcess;
  dispose(): void;
}

const run = promisify(execFile);

/** Packs the client, which builds it, and installs the tarball. */
export async function createClientProject(): Promise<ClientProject> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-client-project-'));
  const npm = (cwd: string, ...args: string[]) => run('npm', args, { cwd, encoding: 'utf8' });
  const write = (path: string, content: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  // It builds into client/dist.
  await exclusively('pack the client', () =>
    npm(resolve('.'), 'pack', '--workspace', 'client', '--pack-destination', folder, '--silent'),
  );
  write('package.json', '{ "name": "shop", "private": true, "type": "module" }');
  const options = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  await npm(folder, 'install', ...options, './tollgate-client-0.1.0.tgz');
  const environment = (env: Readonly<Record<string, string>>) => ({
    env: { ...process.env, ...env },
    cwd: folder,
  });
  const runWith = async (
    env: Readonly<Record<string, string>>,
    ...command: readonly string[]
  ): Promise<string> =>
    (await run(process.execPath, command, { ...environment(env), encoding: 'utf8' })).stdout;
  return {
    folder,
    link: (...packages) => {
      for (const name of packages) {
        const path = join(folder, 'node_modules', name);
        mkdirSync(dirname(path), { recursive: true });
        if (!existsSync(path)) symlinkSync(resolve('node_modules', name), path);
      }
    },
    write,
    compile: async (compilerOptions = {}) => {
      const options = {
        module: 'nodenext',
        target: 'es2023',
        lib: ['es2023', 'esnext.disposable'],
        types: ['node'],
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
        ...compilerOptions,
      };
      write('tsconfig.json', JSON.stringify({ compilerOptions: options }));
      try {
        return await runWith({}, resolve('node_modules/typescript/bin/tsc'));
      } catch (error) {
        return (error as { stdout: string }).stdout;
      }
    },
    run: (...command) => runWith({}, ...command),
    runWith,
    start: (env, path) => spawn(process.execPath, [path], environment(env)),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}
