import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { until } from './until.js';

const run = promisify(execFile);
const VERSIONS = '/usr/lib/postgresql';

/** Where the server's programs are, or undefined: then the suites that need a cluster are skipped. */
export function postgresPrograms(): string | undefined {
  if (!existsSync(VERSIONS)) return undefined;
  const [newest] = readdirSync(VERSIONS).toSorted((a, b) => Number(b) - Number(a));
  const folder = join(VERSIONS, newest ?? '', 'bin');
  return existsSync(join(folder, 'initdb')) ? folder : undefined;
}

/** Whether this run tests on clusters of its own: a run on PostgreSQL does (`TEST_DATABASE_URL`), `npm test` stays short. */
export function testsClusters(): boolean {
  return Boolean(process.env['TEST_DATABASE_URL'] && postgresPrograms());
}

/** The library of the Debian package `libfaketime`, or undefined: then no clock of a server can be stepped. */
export function faketime(): string | undefined {
  return ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib/faketime', '/usr/lib64']
    .flatMap((folder) => [`${folder}/faketime/libfaketime.so.1`, `${folder}/libfaketime.so.1`])
    .find(existsSync);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** PostgreSQL refuses to run as root. */
export function asPostgres(program: string, args: readonly string[]): [string, string[]] {
  return process.getuid?.() === 0
    ? ['runuser', ['-u', 'postgres', '--', program, ...args]]
    : [program, [...args]];
}

/** A PostgreSQL server of a test's own, in a temporary folder and on a free port. */
export class PostgresCluster {
  #server: ChildProcess | undefined;
  readonly url: string;
  /** The file of {@link stepClock}. */
  readonly #clock: string;

  private constructor(
    /** Of its data, and of its socket. */
    readonly folder: string,
    readonly port: number,
  ) {
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    this.#clock = join(folder, 'clock');
  }

  /** Creates a standby of `primary`, and starts it. */
  static async follow(primary: PostgresCluster): Promise<PostgresCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'tollgate-cluster-'));
    chmodSync(folder, 0o777);
    const standby = new PostgresCluster(folder, await freePort());
    await standby.follow(primary);
    return standby;
  }

  /** Creates and starts one. `settings` are lines of `postgresql.conf`. */
  static start(...settings: readonly string[]): Promise<PostgresCluster> {
    return PostgresCluster.startIn(mkdtempSync(join(tmpdir(), 'tollgate-cluster-')), ...settings);
  }

  /** As {@link start}, in `folder`, with segments of the log of 1 MiB. */
  static async startIn(folder: string, ...settings: readonly string[]): Promise<PostgresCluster> {
    chmodSync(folder, 0o777);
    const cluster = new PostgresCluster(folder, await freePort());
    await run(
      ...asPostgres(join(postgresPrograms()!, 'initdb'), [
        '-D',
        cluster.data,
        '-U',
        'postgres',
        '-A',
        'trust',
        '-N',
        '--encoding=UTF8', // whatever the environment says
        '--locale=C',
        '--wal-segsize=1',
      ]),
    );
    cluster.configure(
      "listen_addresses = '127.0.0.1'",
      `port = ${cluster.port}`,
      `unix_socket_directories = '${folder}'`,
      'fsync = off',
      ...settings,
    );
    await cluster.boot();
    return cluster;
  }

  /** Replaces this server's data by a copy of `primary`, and starts it as a standby. */
  async follow(primary: PostgresCluster): Promise<void> {
    await this.kill();
    rmSync(this.data, { recursive: true, force: true });
    await run(
      ...asPostgres(join(postgresPrograms()!, 'pg_basebackup'), [
        `--pgdata=${this.data}`,
        `--dbname=${primary.url}`,
        '--checkpoint=fast',
        '--write-recovery-conf',
        '--no-sync',
      ]),
    );
    this.configure(`port = ${this.port}`, `unix_socket_directories = '${this.folder}'`);
    await this.boot();
  }

  /** Commits wait for `names` from now on; for nobody if it is empty. */
  async commitTo(names: string): Promise<void> {
    this.configure(`synchronous_standby_names = '${names}'`);
    await this.query('select pg_reload_conf()');
  }

  async promote(): Promise<void> {
    await this.query('select pg_promote()');
  }

  /** Sends `signal` to the server and to each of its sessions. */
  signal(signal: NodeJS.Signals): void {
    const pid = Number(readFileSync(join(this.data, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean);
    for (const each of [pid, ...children.map(Number)]) {
      try {
        process.kill(each, signal);
      } catch {
        // It has ended meanwhile.
      }
    }
    // `runuser` stops with its child, and not the other way round.
    if (signal !== 'SIGSTOP') this.#server?.kill('SIGCONT');
  }

  /** Ends the server as a crash does; a frozen one too. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (server?.exitCode !== null || server.signalCode !== null) return;
    const exit = once(server, 'exit');
    this.signal('SIGKILL');
    await exit;
    this.#server = undefined;
  }

  get data(): string {
    return join(this.folder, 'data');
  }

  configure(...lines: readonly string[]): void {
    appendFileSync(join(this.data, 'postgresql.conf'), `${lines.join('\n')}\n`);
  }

  /** Replaces `pg_hba.conf`; the server reads it when it reloads. */
  writeHba(lines: string): void {
    writeFileSync(join(this.data, 'pg_hba.conf'), lines);
  }

  /** Whether the server's process runs: it stops itself where it cannot write its log. */
  get running(): boolean {
    return this.#server?.exitCode === null;
  }

  /** Starts the server, and waits until it accepts connections. */
  async boot(): Promise<void> {
    const server = [join(postgresPrograms()!, 'postgres'), '-D', this.data];
    const [program, args] = asPostgres('env', [...this.#preload(), ...server]);
    this.#server = spawn(program, args, { stdio: 'ignore' });
    await until(() => this.query('select 1').then(Boolean, () => false), 'the cluster to start', 15_000);
  }

  /**
   * Sets the server's clock ahead of the machine's. Needs {@link faketime}, and a first call before {@link boot} or
   * after {@link stop}: a server whose clock was never stepped has the machine's.
   */
  stepClock(byMs: number): void {
    const next = `${this.#clock}.next`;
    writeFileSync(next, `${byMs < 0 ? '' : '+'}${byMs / 1_000}`);
    renameSync(next, this.#clock);
  }

  #preload(): string[] {
    if (!existsSync(this.#clock)) return [];
    return [
      `LD_PRELOAD=${faketime()}`,
      `FAKETIME_TIMESTAMP_FILE=${this.#clock}`,
      'FAKETIME_NO_CACHE=1',
      'FAKETIME_DONT_FAKE_MONOTONIC=1',
    ];
  }

  /** Stops the server at once. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    await run(
      ...asPostgres(join(postgresPrograms()!, 'pg_ctl'), ['stop', '-D', this.data, '-m', 'immediate', '-w']),
    ).catch(() => server.kill('SIGKILL'));
  }

  /** Accepts TLS from now on, beside plain connections. */
  async useTls(cert: string, key: string): Promise<void> {
    for (const [name, pem] of [
      ['server.crt', cert],
      ['server.key', key],
    ] as const) {
      const given = join(this.folder, name);
      writeFileSync(given, pem);
      await run(...asPostgres('install', ['-m', '600', given, join(this.data, name)]));
    }
    this.configure('ssl = on');
    await this.query('select pg_reload_conf()');
    await until(async () => {
      const [row] = await this.query<{ ssl: string }>(`select current_setting('ssl') as ssl`);
      return row!.ssl === 'on';
    }, 'TLS');
  }

  /** Runs `sql` on a connection of its own. */
  async query<Row extends object>(sql: string, database = 'postgres'): Promise<Row[]> {
    const connectionString = this.url.replace(/postgres$/, database);
    const client = new Client({ connectionString, connectionTimeoutMillis: 5_000 });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** The number of the gateway's sessions. */
  async sessions(): Promise<number> {
    const [row] = await this.query<{ count: number }>(
      `select count(*)::int as count from pg_stat_activity where application_name = 'tollgate'`,
    );
    return row!.count;
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
