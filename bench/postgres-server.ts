import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** Of `/proc/PID/stat`; 100 Hz on every Linux that Node runs on. */
const MS_PER_TICK = 10;
/** Sessions report their transactions to the server once a second. */
const STATISTICS_MS = 1_500;

/** What the server has used since it began. */
export interface PostgresUsage {
  /** User and system time of all its processes; NaN where it runs on another machine. */
  readonly cpuMs: number;
  /** Committed in the database of the benchmark. */
  readonly transactions: number;
  /** Written ahead by all its databases. */
  readonly walBytes: number;
}

/** The server of the benchmark, seen from outside of the gateway. Nothing else may use it meanwhile. */
export class PostgresServer {
  private constructor(
    private readonly client: Client,
    /** The parent of all its processes. */
    private readonly postmaster: number | undefined,
  ) {}

  static async connect(url: string): Promise<PostgresServer> {
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    return new PostgresServer(client, parentOf(rows[0]!.pid));
  }

  /** Waits until its statistics are complete. */
  async usage(): Promise<PostgresUsage> {
    const cpuMs = this.#cpuMs();
    await sleep(STATISTICS_MS);
    const { rows } = await this.client.query<{ transactions: string; wal: string }>(
      `select xact_commit as transactions, pg_current_wal_insert_lsn() - '0/0' as wal
         from pg_stat_database where datname = current_database()`,
    );
    return { cpuMs, transactions: Number(rows[0]!.transactions), walBytes: Number(rows[0]!.wal) };
  }

  async close(): Promise<void> {
    await this.client.end();
  }

  /** Of its processes that run, and, in the parent's account, of those that have ended. */
  #cpuMs(): number {
    if (this.postmaster === undefined) return Number.NaN;
    let ticks = 0;
    for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      const fields = statOf(name);
      if (!fields) continue;
      if (Number(fields[1]) === this.postmaster) ticks += Number(fields[11]) + Number(fields[12]);
      if (Number(name) === this.postmaster) {
        for (const field of [11, 12, 13, 14]) ticks += Number(fields[field]);
      }
    }
    return ticks * MS_PER_TICK;
  }
}

function parentOf(pid: number): number | undefined {
  const fields = statOf(String(pid));
  return fields && Number(fields[1]);
}

/** The fields after the command; undefined where the process has ended, or is no `postgres` of this machine. */
function statOf(pid: string): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.includes('(postgres)') ? stat.split(') ').at(-1)!.split(' ') : undefined;
  } catch {
    return undefined;
  }
}
