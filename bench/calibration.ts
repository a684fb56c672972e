import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { MEASURED_CPU } from './server-process.js';
import { median } from './statistics.js';

/** CPU time as it would be at the speed at which the calibration takes `referenceMs`. */
export function normalisedCpu(
  { cpuMicros, calibrationMs }: { readonly cpuMicros: number; readonly calibrationMs: number },
  referenceMs: number,
): number {
  return (cpuMicros * referenceMs) / calibrationMs;
}

/** How fast the measured processor is just now, by a fixed piece of work: it drifts by half within one run. */
export class Calibration {
  readonly #child: ChildProcess;
  readonly #measured: number[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(): Promise<Calibration> {
    const script = fileURLToPath(new URL('./calibrate.js', import.meta.url));
    const child = spawn('taskset', ['-c', MEASURED_CPU, process.execPath, script], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    return new Calibration(child);
  }

  /** CPU milliseconds of the fixed work. */
  async measure(): Promise<number> {
    const answer = once(this.#child, 'message') as Promise<[number]>;
    this.#child.send('measure');
    const [cpuMs] = await answer;
    this.#measured.push(cpuMs);
    return cpuMs;
  }

  /** Of the run so far, in CPU milliseconds: how far to trust it. */
  range(): { readonly fastest: number; readonly median: number; readonly slowest: number } {
    return {
      fastest: Math.min(...this.#measured),
      median: median(this.#measured),
      slowest: Math.max(...this.#measured),
    };
  }

  stop(): void {
    this.#child.kill();
  }
}
