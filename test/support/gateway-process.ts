import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { until } from './until.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const START_LIMIT_MS = 60_000;

export interface GatewayProcessOptions {
  readonly externals?: readonly object[];
  readonly env?: Readonly<Record<string, string>>;
  /** Modules to import before anything else, as `node --import` does. */
  readonly imports?: readonly string[];
  /** The built program (`npm run build`) instead of the sources. */
  readonly built?: boolean;
}

/** The program itself in a process of its own, as `node dist/main.js` starts it, on SQLite in a folder of its own. */
export interface GatewayProcess {
  readonly url: string;
  readonly databasePath: string;
  /** Its standard output so far. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has ended. */
  readonly exit: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Ends it if it still runs, and removes its folder. */
  dispose(): Promise<void>;
}

export async function startGatewayProcess(options: GatewayProcessOptions = {}): Promise<GatewayProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-process-'));
  const externalsPath = join(folder, 'externals.json');
  if (options.externals) {
    writeFileSync(externalsPath, JSON.stringify({ externalServices: options.externals }));
  }
  const databasePath = join(folder, 'tollgate.db');
  const child = spawnProgram(options.imports ?? [], options.built ?? false, {
    PATH: process.env['PATH'] ?? '',
    HTTP_PORT: '0',
    HTTP_HOST: '127.0.0.1',
    DATABASE_URL: `sqlite:${databasePath}`,
    ...(options.externals && { EXTERNAL_PROVIDERS_CONFIG: externalsPath }),
    ...options.env,
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  const exit = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  const address = (): string | undefined => /"address":"([^"]+)"/.exec(output)?.[1];
  await until(
    () => {
      if (child.exitCode !== null) throw new Error(`The gateway did not start:\n${output}`);
      return address() !== undefined;
    },
    'the gateway to start',
    START_LIMIT_MS,
  );
  return {
    url: `http://${address()}`,
    databasePath,
    output: () => output,
    kill: (signal) => child.kill(signal),
    exit,
    async dispose() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function spawnProgram(
  imports: readonly string[],
  built: boolean,
  env: Readonly<Record<string, string>>,
): ChildProcessByStdio<null, Readable, Readable> {
  const hooks = built ? [] : [join(ROOT, 'test/support/typescript-hooks.js')];
  const preloaded = [...imports, ...hooks].flatMap((path) => ['--import', path]);
  return spawn(process.execPath, [...preloaded, join(ROOT, built ? 'dist/main.js' : 'src/main.ts')], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
