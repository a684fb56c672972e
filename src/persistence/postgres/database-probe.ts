import type { PostgresAccess } from './postgres.access.js';
import { type HostClient, openSession } from './postgres.client.js';
import { type SessionWatch, STALL_MS } from './session-watch.js';

/**
 * A commit that waits for the disk and the standbys like any other (`pg_logical_emit_message` writes a record to the
 * log and no row, so probes leave nothing behind and never lock each other out), and a temporary file of 256 KiB,
 * which a full disk refuses.
 */
const PROBE = `begin;
set local work_mem = '64kB';
select count(*) from generate_series(1, 20000);
select current_setting('transaction_read_only') as read_only;
select pg_logical_emit_message(true, 'tollgate', 'probe');
commit`;

/** Whether the database can be written to, on a connection of its own: no queue of requests delays the answer. */
export class DatabaseProbe {
  readonly #access: PostgresAccess;
  readonly #watch: SessionWatch;
  #client: HostClient | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(access: PostgresAccess, watch: SessionWatch) {
    this.#access = access;
    this.#watch = watch;
  }

  /**
   * Probes, or joins the probe that still runs: a database that hangs never has more than one.
   * @throws an error of `pg`, or one that names what the database refuses.
   */
  run(): Promise<void> {
    this.#running ??= this.#probe().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  close(): void {
    this.#closed = true;
    this.#client?.cut();
  }

  async #probe(): Promise<void> {
    const client = (this.#client ??= await this.#connect());
    let warning: string | undefined;
    const onNotice = (notice: { message?: string }): void => void (warning = notice.message);
    client.on('notice', onNotice);
    const silence = setInterval(() => this.#watch.suspect(client), STALL_MS);
    try {
      // One message and several results, one for each statement.
      const results = (await client.query(PROBE)) as unknown as { rows: { read_only?: string }[] }[];
      if (results.some(({ rows }) => rows[0]?.read_only === 'on')) throw new Error('the server is read-only');
      if (warning !== undefined) throw new Error(warning);
    } catch (error) {
      // Ends the aborted transaction with its session.
      client.cut();
      if (this.#client === client) this.#client = undefined;
      throw error;
    } finally {
      clearInterval(silence);
      this.#watch.answered(client);
      client.off('notice', onNotice);
    }
  }

  async #connect(): Promise<HostClient> {
    const client = await openSession(this.#access.client);
    client.once('end', () => {
      if (this.#client === client) this.#client = undefined;
    });
    if (this.#closed) {
      client.cut();
      throw new Error('the database is closed');
    }
    this.#watch.add(client);
    return client;
  }
}
