import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './until.js';

const FOLDER = fileURLToPath(new URL('../../docs/samples/', import.meta.url));
/** Go links its standard library on the first build. */
const BUILD_LIMIT_MS = 120_000;

export type SampleName = 'receiver' | 'caller';

interface Language {
  readonly name: string;
  readonly extension: string;
  /** The program that the samples need, and how it prints its version. */
  readonly needs: readonly [command: string, ...args: string[]];
}

/** The languages of the samples of docs/samples. */
export const SAMPLE_LANGUAGES: readonly Language[] = [
  { name: 'JavaScript', extension: 'mjs', needs: [process.execPath, '--version'] },
  { name: 'Python', extension: 'py', needs: ['python3', '--version'] },
  { name: 'Go', extension: 'go', needs: ['go', 'version'] },
];

/** A sample, ready to run. */
export interface Sample {
  readonly command: readonly [program: string, ...args: string[]];
  dispose(): void;
}

export function isRunnable({ needs: [command, ...args] }: Language): boolean {
  return spawnSync(command, args).status === 0;
}

/** Compiles the sample where the language requires it. */
export function prepareSample(name: SampleName, { extension, needs }: Language): Sample {
  const source = join(FOLDER, name, `${name}.${extension}`);
  if (extension === 'py') return { command: [pythonProgram(), source], dispose: () => {} };
  if (extension !== 'go') return { command: [needs[0], source], dispose: () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-sample-'));
  const program = join(folder, name);
  const build = spawnSync('go', ['build', '-o', program, source], {
    encoding: 'utf8',
    timeout: BUILD_LIMIT_MS,
    env: { ...process.env, GO111MODULE: 'off' },
  });
  if (build.status !== 0) throw new Error(`go build failed:\n${build.stderr}`);
  return { command: [program], dispose: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The program itself: `python3` may be a script that searches for it at each start. */
function pythonProgram(): string {
  return execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
}

/** A running receiver. */
export interface RunningSample {
  readonly url: string;
  /** The lines that begin with `processed`, without that word. */
  processed(): string[];
  stop(): Promise<void>;
}

export async function runReceiver(sample: Sample, secrets: string): Promise<RunningSample> {
  const [program, ...args] = sample.command;
  const child = spawn(program, args, {
    env: { ...process.env, PORT: '0', NOTIFICATION_SECRET: secrets },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const port = (): string | undefined => /^listening (\d+)$/m.exec(output)?.[1];
  await until(
    () => {
      if (child.exitCode !== null) throw new Error(`The sample ended:\n${output}`);
      return port() !== undefined;
    },
    'the sample to listen',
    60_000,
  );
  return {
    url: `http://127.0.0.1:${port()}/hooks`,
    processed: () => [...output.matchAll(/^processed (.*)$/gm)].map(([, line]) => line!),
    async stop() {
      const closed = once(child, 'close');
      child.kill();
      await closed;
    },
  };
}

/** Runs a caller to its end. */
export async function runCaller(
  sample: Sample,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly output: string; readonly exitCode: number | null }> {
  const [program, ...first] = sample.command;
  const child = spawn(program, [...first, ...args], { env: { ...process.env, ...env } });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { output, exitCode };
}
