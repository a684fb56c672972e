import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Program } from '../crash/program.js';

const MAX_RSS_MB = 400;
const MAX_LIVENESS_MS = 250;
const INTERVAL_MS = 250;
const PROBE_LIMIT_MS = 20_000;
/** An orchestrator has an address of its own: the connections of honest callers are not its. */
const LOCAL_ADDRESS = '127.0.0.5';

/** What an orchestrator sees of the gateway: liveness on new connections to both ports, and its memory. */
export class Probes {
  readonly #times = { public: [] as number[], operating: [] as number[] };
  #rssMb = 0;
  readonly #startedAt = performance.now();
  readonly #cpuAtStart: number;
  #ended = false;
  readonly #timer = setInterval(() => this.#probe(), INTERVAL_MS);

  constructor(
    private readonly program: Program,
    private readonly host: string,
    private readonly ports: { readonly public: number; readonly operating: number },
  ) {
    this.#cpuAtStart = cpuSeconds(program);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  describe(): string {
    const { public: open, operating } = this.#times;
    return (
      `liveness at most ${max(operating)} ms on METRICS_PORT, ${max(open)} ms on HTTP_PORT ` +
      `(p99 ${percentile(open, 0.99)} ms, ${open.length} probes); memory at most ${Math.round(this.#rssMb)} MiB, ${Math.round((100 * (cpuSeconds(this.program) - this.#cpuAtStart)) / ((performance.now() - this.#startedAt) / 1_000))} % of a core`
    );
  }

  /** Why latencies are too long; they depend on what else the machine does. */
  slowness(attackName: string): string[] {
    const ports = { METRICS_PORT: this.#times.operating, HTTP_PORT: this.#times.public };
    return Object.entries(ports)
      .filter(([, times]) => max(times) > MAX_LIVENESS_MS)
      .map(([port, times]) => `${attackName}: liveness on ${port} took ${max(times)} ms`);
  }

  problems(attackName: string): string[] {
    const found: string[] = [];
    if (this.#ended) found.push(`${attackName}: the gateway ended: ${this.program.output().slice(-500)}`);
    if (this.#rssMb > MAX_RSS_MB) found.push(`${attackName}: memory was ${Math.round(this.#rssMb)} MiB`);
    if (this.#times.operating.length === 0) found.push(`${attackName}: no liveness probe was answered`);
    return found;
  }

  #probe(): void {
    for (const which of ['public', 'operating'] as const)
      void liveness(this.host, this.ports[which]).then((ms) => this.#times[which].push(ms));
    try {
      const status = readFileSync(`/proc/${this.program.process.pid}/status`, 'latin1');
      this.#rssMb = Math.max(this.#rssMb, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024);
    } catch {
      this.#ended = true;
      this.end();
    }
  }
}

/** Milliseconds until liveness is answered with 200 on a new connection. */
function liveness(host: string, port: number): Promise<number> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const socket = connect({ port, host, localAddress: LOCAL_ADDRESS });
    const end = (ms: number): void => {
      resolve(Math.round(ms));
      socket.destroy();
    };
    socket.setTimeout(PROBE_LIMIT_MS, () => end(Number.POSITIVE_INFINITY));
    socket.write('GET /health/live HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n');
    socket.once('data', (bytes) =>
      end(bytes.includes('HTTP/1.1 200') ? performance.now() - startedAt : Number.POSITIVE_INFINITY),
    );
    socket.on('error', () => end(Number.POSITIVE_INFINITY));
    socket.on('close', () => end(Number.POSITIVE_INFINITY));
  });
}

/** User and system time, in ticks of 10 ms in fields 14 and 15 of proc(5). */
function cpuSeconds({ process: { pid } }: Program): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function percentile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor((times.length - 1) * share)] ?? 0;
}

function max(times: readonly number[]): number {
  return percentile(times, 1);
}
