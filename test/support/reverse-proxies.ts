import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.js';

const DOCUMENT = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');

export type ProxyName = 'nginx' | 'haproxy';

export interface ReverseProxy {
  readonly url: string;
  stop(): Promise<void>;
}

export function hasProxy(name: ProxyName): boolean {
  try {
    execFileSync(name, ['-v'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The settings of docs/operating.md for these replicas. `nonIdempotent`: repeat every request that fails. */
function settingsOf(
  name: ProxyName,
  port: number,
  [one, two]: readonly [number, number],
  nonIdempotent: boolean,
): string {
  const block = new RegExp(`<!-- test: ${name} -->\\s+\`\`\`\\w+\\n([^]*?)\`\`\``).exec(DOCUMENT)![1]!;
  const settings = block
    .replace('10.0.0.11:8080', `127.0.0.1:${one}`)
    .replace('10.0.0.12:8080', `127.0.0.1:${two}`)
    .replace('listen 8443', `listen 127.0.0.1:${port}`)
    .replace('bind :8443', `bind 127.0.0.1:${port}`);
  if (!nonIdempotent) return settings;
  return settings
    .replace('proxy_next_upstream error timeout;', 'proxy_next_upstream error timeout non_idempotent;')
    .replace('retry-on conn-failure', 'retry-on conn-failure empty-response response-timeout');
}

/** Starts the proxy in front of two replicas on 127.0.0.1. */
export async function startProxy(
  name: ProxyName,
  port: number,
  replicas: readonly [number, number],
  nonIdempotent: boolean,
): Promise<ReverseProxy> {
  const folder = mkdtempSync(join(tmpdir(), `tollgate-${name}-`));
  const file = join(folder, `${name}.conf`);
  const settings = settingsOf(name, port, replicas, nonIdempotent);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(folder, kind)};`,
  );
  writeFileSync(
    file,
    name === 'haproxy'
      ? settings
      : `daemon off; master_process off; pid ${join(folder, 'pid')}; error_log ${join(folder, 'error.log')};
events {}
http { access_log off; ${temporary.join(' ')}
${settings}}`,
  );
  const args = name === 'haproxy' ? ['-db', '-f', file] : ['-c', file, '-p', folder];
  const child = spawn(name, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const exit = once(child, 'exit');
  await until(() => {
    if (child.exitCode !== null) throw new Error(`${name} did not start:\n${errors}`);
    return accepts(port);
  }, `${name} to start`);
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGKILL');
      await exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
