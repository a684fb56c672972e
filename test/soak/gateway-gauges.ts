import { readdirSync, readFileSync, rmSync } from 'node:fs';
import type { Program } from '../crash/program.js';

const LIMIT_MS = 20_000;
const POLL_MS = 20;

/** What the gateway's process holds at a moment, after a full collection. */
export interface Gauges {
  readonly residentMiB: number;
  readonly heapMiB: number;
  /** Buffers outside of the heap. */
  readonly externalMiB: number;
  readonly descriptors: number;
  readonly timers: number;
  /** Sockets, pipes, file watchers: what keeps the event loop alive, without timers. */
  readonly handles: number;
}

interface Written {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly timers: number;
  /** Counts by kind, as `process.getActiveResourcesInfo()` names them. */
  readonly resources: Readonly<Record<string, number>>;
}

/**
 * Asks `gauges.js` in the gateway's process.
 * @param path the file that its `SOAK_GAUGES` names
 * @throws Error if the process does not answer
 */
export async function readGauges(program: Program, path: string): Promise<Gauges> {
  rmSync(path, { force: true });
  program.process.kill('SIGUSR2');
  const { rss, heapUsed, external, timers, resources } = await written(path);
  const { Timeout: _timers, Immediate: _now, ...others } = resources;
  return {
    residentMiB: mebibytes(rss),
    heapMiB: mebibytes(heapUsed),
    externalMiB: mebibytes(external),
    descriptors: readdirSync(`/proc/${program.process.pid}/fd`).length,
    timers,
    handles: Object.values(others).reduce((sum, count) => sum + count, 0),
  };
}

async function written(path: string): Promise<Written> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as Written;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      if (Date.now() > deadline) throw new Error('The gateway does not write its gauges.', { cause: error });
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

function mebibytes(bytes: number): number {
  return Math.round((bytes / 1_048_576) * 10) / 10;
}
