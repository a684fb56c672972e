import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { call } from '../support/client.js';
import { until } from '../support/until.js';

/** What is behind standard output must not keep the gateway from serving requests, nor from ending. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Their lines are more than any pipe holds, about 500 KB. */
const REQUESTS = 600;
const LONG_PATH = `/nothing/${'x'.repeat(1_000)}`;

let folder: string;
let child: ChildProcess | undefined;
let opened: number[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-log-reader-'));
  opened = [];
});
afterEach(async () => {
  if (child && child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  for (const descriptor of opened) closeSync(descriptor);
  rmSync(folder, { recursive: true });
});

function open(path: string, flags: number): number {
  const descriptor = openSync(path, flags);
  opened.push(descriptor);
  return descriptor;
}

function pipe(): string {
  const path = join(folder, 'pipe');
  expect(spawnSync('mkfifo', [path]).status).toBe(0);
  return path;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts the program with this standard output. Its address cannot be read from the log. */
async function start(stdout: number | 'pipe'): Promise<string> {
  const port = await freePort();
  const hooks = join(ROOT, 'test/support/typescript-hooks.js');
  child = spawn(process.execPath, ['--import', hooks, join(ROOT, 'src/main.ts')], {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_ENV: 'development',
      HTTP_PORT: String(port),
      HTTP_HOST: '127.0.0.1',
      DATABASE_URL: `sqlite:${join(folder, 'tollgate.db')}`,
    },
    stdio: ['ignore', stdout, 'ignore'],
  });
  const url = `http://127.0.0.1:${port}`;
  await until(
    () =>
      call(`${url}/health/ready`, 'GET').then(
        ({ status }) => status === 200,
        () => false,
      ),
    'the gateway to start',
    20_000,
  );
  return url;
}

const READERS: readonly [what: string, stdout: () => number | 'pipe', drops: boolean][] = [
  [
    'reads nothing from a pipe',
    () => {
      const path = pipe();
      open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      return open(path, constants.O_WRONLY);
    },
    false,
  ],
  ['reads nothing from a socket', () => 'pipe', false],
  [
    'is gone',
    () => {
      const path = pipe();
      const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const writer = open(path, constants.O_WRONLY);
      closeSync(reader);
      return writer;
    },
    true,
  ],
  ['has a full disk', () => open('/dev/full', constants.O_WRONLY), true],
];

describe('the reader of standard output', () => {
  it.each(READERS)(
    '%s: requests are served, and SIGTERM ends with code 0',
    async (_what, stdout, drops) => {
      const url = await start(stdout());
      for (let i = 0; i < REQUESTS; i += 10) {
        const answers = await Promise.all(
          Array.from({ length: 10 }, () => call(`${url}${LONG_PATH}`, 'GET')),
        );
        expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(404));
      }
      const metrics = (await call(`${url}/metrics`, 'GET')).text;
      const dropped = Number(/^tollgate_log_lines_dropped_total (\d+)$/m.exec(metrics)?.[1]);
      if (drops) expect(dropped).toBeGreaterThan(0);
      else expect(dropped).toBe(0);

      const order = { amount: 1, currency: 'EUR', shopTransactionId: 'order-1' };
      expect((await call(`${url}/v3/simulator/pay`, 'POST', order)).status).toBe(200);
      const beganAt = performance.now();
      child!.kill('SIGTERM');
      expect(await once(child!, 'exit')).toEqual([0, null]);
      expect(performance.now() - beganAt).toBeLessThan(15_000);
    },
    60_000,
  );
});
