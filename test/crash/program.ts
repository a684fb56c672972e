import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** A started program and what it printed. */
export interface Program {
  readonly process: ChildProcess;
  readonly output: () => string;
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/**
 * Starts a built program of `dist/` with exactly these variables beside PATH. `descriptors`: its limit of open files;
 * default: the one of this process.
 */
export function startProgram(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  descriptors?: number,
): Program {
  let output = '';
  // The shell replaces itself, so that signals reach the program.
  const limited = descriptors === undefined ? '' : `ulimit -n ${descriptors}; `;
  const child = spawn('/bin/sh', ['-c', `${limited}exec "$0" "$@"`, process.execPath, script, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-20_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return {
    process: child,
    output: () => output,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    },
  };
}

/** A port that was free just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until `url` answers; throws if the program has ended or after `withinMs`. */
export async function untilAnswers(url: string, program: Program, withinMs = 20_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    if (program.process.exitCode !== null) throw new Error(`The program ended:\n${program.output()}`);
    try {
      await fetch(url, { signal: AbortSignal.timeout(1_000) });
      return;
    } catch {
      if (Date.now() > deadline) throw new Error(`${url} does not answer:\n${program.output()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
