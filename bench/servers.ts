import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { API_KEY, type Target } from './load/requests.js';
import { proxyCommand, stubCommand } from './nginx.js';
import { builtNestPeer } from './peers/built-nest-peer.js';
import type { Command } from './server-process.js';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export const STUB_PORT = 18_090;
const EXTERNAL_URL = `http://127.0.0.1:${STUB_PORT}`;
const PREFIX = '/v3/acme';
/** The external itself, with nothing in between. */
export const DIRECT: Target = { port: STUB_PORT, prefix: '' };
export const NOTIFICATION_SECRET = `whsec_${randomBytes(32).toString('base64')}`;
export const RECEIVER_URL = `${EXTERNAL_URL}/receiver`;

/** In the order of the tables. */
export const SERVER_NAMES = ['tollgate', 'nest', 'express', 'fastify', 'nginx'] as const;

export type ServerName = (typeof SERVER_NAMES)[number];

/** A server under test. Within one run its name is its own. */
export interface Server extends Command {
  readonly target: Target;
  readonly readyUrl: string;
}

/** As the requirements number them. */
export const LABELS: Readonly<Record<ServerName, string>> = {
  tollgate: '(1) Tollgate',
  nest: '(2) NestJS + ValidationPipe + HttpService',
  express: '(3) Express + http-proxy-middleware',
  fastify: '(4) Fastify + @fastify/http-proxy',
  nginx: '(5) nginx as proxy',
};

const PORTS: Readonly<Record<ServerName, number>> = {
  tollgate: 18_081,
  nest: 18_082,
  express: 18_083,
  fastify: 18_084,
  nginx: 18_085,
};

export function stub(folder: string, nginx: string | undefined): Command {
  return {
    name: 'stub',
    command: nginx === undefined ? [process.execPath, path('./stub.js')] : stubCommand(folder, STUB_PORT),
    env: { PORT: String(STUB_PORT) },
    logFile: join(folder, 'stub.log'),
  };
}

/** `folder` is for its files. */
export function server(name: ServerName, folder: string): Server {
  if (name === 'tollgate') return tollgate(folder);
  const port = PORTS[name];
  return {
    name,
    command: peerCommand(name, folder, port),
    env: { NODE_ENV: 'production', PORT: String(port), EXTERNAL_URL },
    logFile: join(folder, `${name}.log`),
    target: { port, prefix: PREFIX },
    readyUrl: `http://127.0.0.1:${port}/health`,
  };
}

function peerCommand(
  name: Exclude<ServerName, 'tollgate'>,
  folder: string,
  port: number,
): Command['command'] {
  switch (name) {
    case 'nest':
      return [process.execPath, builtNestPeer()];
    case 'express':
    case 'fastify':
      return [process.execPath, path(`./peers/${name}-proxy.js`)];
    case 'nginx':
      return proxyCommand(folder, port, STUB_PORT);
    default:
      return name satisfies never;
  }
}

export interface TollgateOptions {
  readonly name?: string;
  readonly port?: number;
  /** The folder whose build is run. Default: this checkout's. */
  readonly checkout?: string;
  /** Variables beside those of the benchmark, or instead of them. */
  readonly env?: Readonly<Record<string, string>>;
  /** For Node. */
  readonly flags?: readonly string[];
}

/** Tollgate as it ships in production: a key for each caller, durable SQLite, workers on, info logs to a file. */
export function tollgate(
  folder: string,
  { name = 'tollgate', port = PORTS.tollgate, checkout = path('..'), env, flags = [] }: TollgateOptions = {},
): Server {
  const main = join(checkout, 'dist/main.js');
  if (!existsSync(main)) throw new Error(`${main} is missing: build first`);
  return {
    name,
    command: [process.execPath, ...flags, main],
    env: {
      NODE_ENV: 'production',
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: String(port),
      EXTERNAL_PROVIDERS_CONFIG: externalsFile(folder),
      PAYMENT_CALLBACK_URL: RECEIVER_URL,
      NOTIFICATION_SECRET,
      ALLOW_HTTP_HOSTS: '127.0.0.1',
      API_KEYS: `bench:${API_KEY}`,
      DATABASE_URL: `sqlite:${join(folder, 'tollgate.db')}`,
      FINGERPRINT_KEY: randomBytes(32).toString('hex'),
      LOG_LEVEL: 'info',
      ...env,
    },
    logFile: join(folder, 'tollgate.log'),
    target: { port, prefix: PREFIX },
    readyUrl: `http://127.0.0.1:${port}/health/ready`,
  };
}

/**
 * In a folder of its own: the gateway watches that folder, and each line of a log beside it would wake the watcher.
 */
function externalsFile(folder: string): string {
  const file = join(folder, 'config', 'externals.json');
  mkdirSync(join(folder, 'config'), { recursive: true });
  const external = { externalService: 'acme', baseUrl: EXTERNAL_URL, callbackAuth: { type: 'none' } };
  writeFileSync(file, JSON.stringify({ externalServices: [external] }));
  return file;
}
