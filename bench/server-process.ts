import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The processor of the measured server, and that of the load generator and the upstream stub. */
export const MEASURED_CPU = '0';
export const OTHER_CPU = '1';

/** Of `/proc/PID/stat`; 100 Hz on every Linux that Node runs on. */
const MS_PER_TICK = 10;
const READY_WITHIN_MS = 15_000;

export interface Command {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** Where standard output goes: the logs of a server are a part of its cost. */
  readonly logFile: string;
}

/** A process of the benchmark, pinned to a processor. */
export class ServerProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #startedAt = performance.now();

  /** Exactly these variables beside PATH. */
  constructor({ name, command, env, logFile }: Command, cpu: string) {
    this.name = name;
    const log = openSync(logFile, 'w');
    this.#child = spawn('taskset', ['-c', cpu, ...command], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', log, log],
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** User and system time so far, all threads. */
  cpuMs(): number {
    // The second field is the command in brackets, and may hold anything.
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  }

  /** The most resident memory since the start, or since {@link forgetPeak}. */
  peakMiB(): number {
    return this.#status('VmHWM') / 1_024;
  }

  residentMiB(): number {
    return this.#status('VmRSS') / 1_024;
  }

  forgetPeak(): void {
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
  }

  /** While others are measured it does nothing at all. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** Resolves when `url` is answered with 200; says how many milliseconds that took since the process was spawned. */
  async ready(url: string): Promise<number> {
    for (;;) {
      if (this.#ended()) throw new Error(`${this.name} ended before it was ready`);
      const status = await fetch(url).then(
        async (answer) => {
          await answer.arrayBuffer();
          return answer.status;
        },
        () => 0,
      );
      const elapsedMs = performance.now() - this.#startedAt;
      if (status === 200) return elapsedMs;
      if (elapsedMs > READY_WITHIN_MS) throw new Error(`${this.name} does not answer at ${url}: ${status}`);
      await sleep(5);
    }
  }

  /** Resolves when it has ended by itself, and well. */
  async finished(): Promise<void> {
    if (!this.#ended()) await once(this.#child, 'exit');
    if (this.#child.exitCode !== 0) throw new Error(`${this.name} failed`);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#ended()) return;
    const ended = once(this.#child, 'exit');
    this.resume();
    this.#child.kill(signal);
    await ended;
  }

  #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  #status(field: string): number {
    const line = readFileSync(`/proc/${this.pid}/status`, 'latin1')
      .split('\n')
      .find((text) => text.startsWith(`${field}:`));
    return Number(/\d+/.exec(line ?? '')?.[0]);
  }
}
