import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { asPostgres, freePort } from './postgres-cluster.js';
import { until } from './until.js';

export interface PgBouncer {
  /** The same database as `target`, through the pooler. */
  readonly url: string;
  /** Serves another server from now on, as an operator does after a failover. */
  point(target: string): Promise<void>;
  stop(): Promise<void>;
}

export function hasPgBouncer(): boolean {
  try {
    execFileSync('pgbouncer', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A PgBouncer in front of the server of `target`, with the settings of docs/operating.md and `size` sessions. */
export async function startPgBouncer(
  target: string,
  mode: 'session' | 'transaction',
  size: number,
): Promise<PgBouncer> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-pgbouncer-'));
  const port = await freePort();
  const { username, password, pathname } = new URL(target);
  const database = pathname.slice(1);
  const ini = join(folder, 'pgbouncer.ini');
  const users = join(folder, 'users.txt');
  writeFileSync(users, `"${username}" "${password}"\n`);
  const configure = (server: string): void => {
    const { hostname, port: serverPort } = new URL(server);
    const place = `host=${hostname} port=${serverPort || 5432}${password && ` password=${password}`}`;
    writeFileSync(
      ini,
      `[databases]
${database} = ${place}
* = ${place}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
admin_users = ${username}
pool_mode = ${mode}
default_pool_size = ${size}
max_client_conn = 500
server_login_retry = 1
`,
    );
  };
  configure(target);
  for (const path of [folder, ini, users]) chmodSync(path, 0o755);
  const [program, args] = asPostgres('pgbouncer', ['-q', ini]);
  const child = spawn(program, args, { stdio: 'ignore' });
  const exit = once(child, 'exit');
  const url = `postgres://${username}@127.0.0.1:${port}${pathname}`;
  await until(() => answers(url), 'PgBouncer to start');
  return {
    url,
    async point(server) {
      configure(server);
      const client = new Client({ connectionString: `postgres://${username}@127.0.0.1:${port}/pgbouncer` });
      client.on('error', () => {});
      await client.connect();
      // `RECONNECT` would wait for the answers of a server that is silent.
      for (const command of ['reload', `kill ${database}`, `resume ${database}`]) await client.query(command);
      await client.end();
    },
    async stop() {
      child.kill('SIGTERM');
      await exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new Client({ connectionString });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    client.end().catch(() => {});
  }
}
