import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Calibration } from './calibration.js';
import type { LoadResult } from './load/closed-loop.js';
import type { Load } from './load/generator.js';
import { LoadGenerator } from './load/load-generator.js';
import type { Operation } from './load/requests.js';
import { nginxVersion } from './nginx.js';
import { say } from './part.js';
import { type Command, MEASURED_CPU, OTHER_CPU, ServerProcess } from './server-process.js';
import { type Server, stub, STUB_PORT } from './servers.js';

/** A load whose target is the server that it is put on. */
export type ServerLoad = Load extends infer L ? (L extends Load ? Omit<L, 'target'> : never) : never;

/** One load on one server. */
export interface Measurement extends LoadResult {
  /** CPU of the process under test per request, microseconds, at the speed that the processor had just then. */
  readonly cpuMicros: number;
  /** The most resident memory while it was under this load. */
  readonly peakMiB: number;
  /** Mean of the calibration before and after. */
  readonly calibrationMs: number;
}

/** A server that runs. */
export interface Running extends Server {
  readonly process: ServerProcess;
  readonly meanwhile: Meanwhile;
}

/**
 * What a server does while others are measured. `paused`: nothing at all, but its first second afterwards is unlike any other: its
 * connections to the external have grown old, and its timers are all due. `idle`: what it does without requests.
 */
export type Meanwhile = 'paused' | 'idle';

/** Seconds of each operation, one after the other: V8 is not done with a server before about ten seconds of load. */
export type WarmUp = Readonly<Record<Operation, number>>;

/**
 * For a server of which both operations are measured: `pay` first and for longer, as it has the most code to
 * optimise.
 */
export function warmUpOf(seconds: number): WarmUp {
  return { pay: (seconds * 2) / 3, status: seconds / 3 };
}

/** What all measurements share: a folder of their own, the stub, the load generator and the calibration. */
export class BenchRun {
  readonly folder = mkdtempSync(join(tmpdir(), 'tollgate-bench-'));
  readonly generator = new LoadGenerator();
  readonly #processes: ServerProcess[] = [];

  private constructor(
    /** The stub's version; undefined where it is not nginx. */
    readonly nginx: string | undefined,
    readonly calibration: Calibration,
  ) {}

  /**
   * Runs `work` with the stub in place, and leaves nothing behind.
   * @throws Error while another benchmark runs: each would measure the other.
   */
  static async with<T>(work: (run: BenchRun) => Promise<T>): Promise<T> {
    const stubHealth = `http://127.0.0.1:${STUB_PORT}/health`;
    const isTaken = await fetch(stubHealth).then(
      () => true,
      () => false,
    );
    if (isTaken) throw new Error(`Port ${STUB_PORT} is taken: does another benchmark run?`);
    const nginx = nginxVersion();
    if (nginx === undefined) {
      say('THERE IS NO nginx (apt-get install nginx-light): the stub is a Node server, and the bottleneck.');
    }
    // This process, too, keeps off the measured processor.
    execFileSync('taskset', ['-acp', OTHER_CPU, String(process.pid)]);
    const run = new BenchRun(nginx, await Calibration.start());
    try {
      const external = run.start(stub(run.folder, nginx), OTHER_CPU);
      await external.ready(stubHealth);
      return await work(run);
    } finally {
      await run.#end();
    }
  }

  start(command: Command, cpu = MEASURED_CPU): ServerProcess {
    const started = new ServerProcess(command, cpu);
    this.#processes.push(started);
    return started;
  }

  /** A folder for one server's files. */
  subfolder(name: string): string {
    const folder = join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Starts a server and warms it up. */
  async startWarm(server: Server, warmUp: WarmUp, meanwhile: Meanwhile = 'paused'): Promise<Running> {
    say(`warming up ${server.name} …`);
    const process = this.start(server);
    await process.ready(server.readyUrl);
    for (const operation of ['pay', 'status'] as const) {
      const seconds = warmUp[operation];
      if (seconds === 0) continue;
      await this.generator.run({
        kind: 'closed-loop',
        target: server.target,
        operation,
        connections: 32,
        rampMs: 0,
        until: { seconds },
      });
    }
    if (meanwhile === 'paused') process.pause();
    return { ...server, process, meanwhile };
  }

  /** Measures a server, which is resumed for it if it is paused. */
  async measure({ process, target, meanwhile }: Running, load: ServerLoad): Promise<Measurement> {
    // What others wrote, logs above all, would be in the way of this one's disk.
    execFileSync('sync');
    const before = await this.calibration.measure();
    process.resume();
    process.forgetPeak();
    let beganAtMs = 0;
    const result = await this.generator.run({ ...load, target }, () => {
      beganAtMs = process.cpuMs();
    });
    const cpuMs = process.cpuMs() - beganAtMs;
    const peakMiB = process.peakMiB();
    if (meanwhile === 'paused') process.pause();
    const after = await this.calibration.measure();
    return {
      ...result,
      cpuMicros: (cpuMs * 1_000) / result.requests,
      peakMiB,
      calibrationMs: (before + after) / 2,
    };
  }

  async #end(): Promise<void> {
    this.generator.stop();
    this.calibration.stop();
    await Promise.all(this.#processes.map((process) => process.stop('SIGKILL')));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
