import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { run } from '../src/program.js';

export interface CliResult {
  /** Undefined where the command sets `process.exitCode` itself. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, its output collected. */
export async function runCli(...args: string[]): Promise<CliResult> {
  const terminal = { stdout: new PassThrough(), stderr: new PassThrough() };
  const output = Promise.all([text(terminal.stdout), text(terminal.stderr)]);
  const exitCode = await run(args, terminal);
  terminal.stdout.end();
  terminal.stderr.end();
  const [stdout, stderr] = await output;
  return { exitCode, stdout, stderr };
}
