import type { BenchRun, Measurement, Running, WarmUp } from './bench-run.js';
import { normalisedCpu } from './calibration.js';
import type { Operation } from './load/requests.js';
import { say } from './part.js';
import type { Server } from './servers.js';
import { median, medianRatio } from './statistics.js';

/** Not counted: a server that was paused finds its feet. */
const RAMP_MS = 500;

export interface ComparisonOptions {
  readonly servers: readonly Server[];
  readonly operations: readonly Operation[];
  readonly connections: readonly number[];
  readonly rounds: number;
  /** Of each window. */
  readonly seconds: number;
  /** The same for every server. */
  readonly warmUp: WarmUp;
}

/** The medians of one server at one operation and number of connections. */
export interface ComparisonRow {
  /** The server's name. */
  readonly server: string;
  readonly operation: Operation;
  readonly connections: number;
  /** Microseconds per request, normalised to the run's median speed of the processor. */
  readonly cpuMicros: number;
  /** The same, by round. */
  readonly cpuMicrosByRound: readonly number[];
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly peakMiB: number;
}

interface Window {
  readonly operation: Operation;
  readonly connections: number;
}

/** What was measured of one server at one operation and number of connections, by round. */
export interface Series extends Window {
  /** The server's name. */
  readonly server: string;
  readonly rounds: readonly Measurement[];
}

/** The medians of every server under the same loads. */
export async function compare(run: BenchRun, options: ComparisonOptions): Promise<ComparisonRow[]> {
  const measured = await measureInTurns(run, options);
  const reference = median(
    measured.flatMap(({ rounds }) => rounds.map(({ calibrationMs }) => calibrationMs)),
  );
  return measured.map((series) => rowOf(series, reference));
}

/**
 * Every server under the same loads, window by window in turn, so that what the machine does in the meantime hits all
 * alike.
 */
export async function measureInTurns(run: BenchRun, options: ComparisonOptions): Promise<Series[]> {
  const { servers, rounds, seconds } = options;
  const running: Running[] = [];
  for (const server of servers) running.push(await run.startWarm(server, options.warmUp));
  const measured = new Map<string, Measurement[]>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const window of windowsOf(options)) {
      for (const server of running) {
        const load = { kind: 'closed-loop', rampMs: RAMP_MS, until: { seconds }, ...window } as const;
        const measurement = await run.measure(server, load);
        const key = keyOf(server, window);
        measured.set(key, [...(measured.get(key) ?? []), measurement]);
        say(`round ${round} ${key}: ${describe(measurement)}`);
      }
    }
  }
  await Promise.all(running.map(({ process }) => process.stop('SIGKILL')));
  return windowsOf(options).flatMap((window) =>
    servers.map((server) => ({
      server: server.name,
      ...window,
      rounds: measured.get(keyOf(server, window))!,
    })),
  );
}

/** The row of one server, of those with one operation and number of connections. */
export function rowNamed(rows: readonly ComparisonRow[], server: string, window: Window): ComparisonRow {
  return rows.find(
    (row) =>
      row.server === server && row.operation === window.operation && row.connections === window.connections,
  )!;
}

/** The CPU of one server, of another's in the same rounds. */
export function cpuRatio(row: ComparisonRow, of: ComparisonRow): number {
  return medianRatio(row.cpuMicrosByRound, of.cpuMicrosByRound);
}

export function windowsOf({
  operations,
  connections,
}: Pick<ComparisonOptions, 'operations' | 'connections'>): Window[] {
  return operations.flatMap((operation) => connections.map((count) => ({ operation, connections: count })));
}

function keyOf({ name }: Server, { operation, connections }: Window): string {
  return `${name} ${operation} ${connections}`;
}

function describe({ cpuMicros, requests, seconds, calibrationMs }: Measurement): string {
  const rate = (requests / seconds).toFixed(0);
  return `${cpuMicros.toFixed(1)} µs, ${rate}/s, calibration ${calibrationMs.toFixed(0)} ms`;
}

function rowOf({ rounds, ...row }: Series, referenceMs: number): ComparisonRow {
  const cpu = rounds.map((round) => normalisedCpu(round, referenceMs));
  return {
    ...row,
    cpuMicros: median(cpu),
    cpuMicrosByRound: cpu,
    requestsPerSecond: median(rounds.map(({ requests, seconds }) => requests / seconds)),
    p50: median(rounds.map(({ latencies }) => latencies.p50)),
    p99: median(rounds.map(({ latencies }) => latencies.p99)),
    peakMiB: median(rounds.map(({ peakMiB }) => peakMiB)),
  };
}
