import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, call } from '../support/client.js';
import { until } from '../support/until.js';

/** Apart from the project of docker-compose.yml, whose volumes stay as they are. */
const PROJECT = 'tollgate-image-test';
const GATEWAY = 'http://127.0.0.1:8080';
const SIMULATOR = 'http://127.0.0.1:9090';
const BUILD_LIMIT_MS = 1_800_000;
const SERVICES_LIMIT_MS = 180_000;

const run = promisify(execFile);

async function compose(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('docker', ['compose', '--project-name', PROJECT, ...args], {
    maxBuffer: 64 * 1_024 * 1_024,
  });
  return stdout;
}

const inside = (service: string, ...command: readonly string[]): Promise<string> =>
  compose('exec', '--no-TTY', service, ...command);

/** The whole of docker-compose.yml by Docker Compose: built, started, paid through, killed. */
describe('The image, as docker-compose.yml starts it', () => {
  beforeAll(async () => {
    await compose('up', '--build', '--detach', '--wait');
  }, BUILD_LIMIT_MS);

  afterAll(async () => {
    await compose('down', '--volumes', '--rmi', 'local');
  }, SERVICES_LIMIT_MS);

  it.each([
    ['gateway', /^1000$/],
    ['simulator', /^1000$/],
    ['postgres', /^[1-9]\d*$/],
  ])('runs the %s as its user, without privileges, on a read-only root', async (service, user) => {
    const status = await inside(service, 'cat', '/proc/1/status');
    const [, ...users] = /^Uid:(.*)$/m.exec(status)![1]!.split('\t');
    expect(users).toHaveLength(4);
    for (const each of users) expect(each).toMatch(user);
    // Capabilities as a bit mask: effective, and those that a program could still get.
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    const mounts = await inside(service, 'cat', '/proc/1/mounts');
    const root = mounts
      .split('\n')
      .map((line) => line.split(' '))
      .find(([, path]) => path === '/')!;
    expect(root[3]!.split(',')).toContain('ro');
  });

  it('lets the gateway alone reach the database, which reaches nothing outside', async () => {
    const lookup = `require('node:dns').lookup('postgres', (error) => console.log(error?.code ?? 'found'))`;
    expect((await inside('gateway', 'node', '-e', lookup)).trim()).toBe('found');
    expect((await inside('simulator', 'node', '-e', lookup)).trim()).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
    const [, ...routes] = (await inside('postgres', 'cat', '/proc/net/route')).trim().split('\n');
    expect(routes).not.toEqual([]);
    for (const route of routes) expect(route.split('\t')[1]).not.toBe('00000000');
  });

  it('lists in its SBOM the packages that it has', async () => {
    const script = `
      const { components } = JSON.parse(fs.readFileSync('sbom.cdx.json', 'utf8'));
      const installed = fs.globSync('node_modules/{*,@*/*}/package.json').map((path) => JSON.parse(fs.readFileSync(path)));
      const named = ({ group, name, version }) => (group ? group + '/' : '') + name + '@' + version;
      const listed = new Set(components.map(named));
      console.log(JSON.stringify({ installed: installed.length, missing: installed.map(named).filter((one) => !listed.has(one)) }));`;
    const { installed, missing } = JSON.parse(await inside('gateway', 'node', '-e', script)) as {
      installed: number;
      missing: string[];
    };
    expect(installed).toBeGreaterThan(100);
    expect(missing).toEqual([]);
  });

  it('has the command line, which finds a risk and nothing that prevents a start', async () => {
    expect(await inside('gateway', 'tollgate', 'doctor')).toContain('API_AUTH=optional');
  });

  it('serves the console', async () => {
    const { status, text } = await call(`${GATEWAY}/console/`, 'GET');
    expect([status, text]).toEqual([200, expect.stringContaining('<script')]);
  });

  it('pays, and executes a repeat once', async () => {
    const first = await pay('order-paid');
    expect([first.status, first.body['result']]).toEqual([200, 'OK']);
    expect((await pay('order-paid')).body['paymentId']).toBe(first.body['paymentId']);
    await executedOnce('order-paid');
  });

  it('takes the callback of the external, notifies the receiver, and refunds', async () => {
    const { body } = await pay('order-pending', { scenario: 'pending', delayMs: 500 });
    expect(body['result']).toBe('PENDING');
    const { paymentId } = body;
    await notified(paymentId, 'ACCEPTED');
    expect((await book('order-pending')).totals.callbacks).toMatchObject({ acknowledged: 1 });
    const refund = await call(
      `${GATEWAY}/v3/simulator/refund`,
      'POST',
      { amount: 100, currency: 'EUR', paymentId },
      { 'idempotency-key': 'refund' },
    );
    expect([refund.status, refund.body['result']]).toEqual([200, 'OK']);
  });

  it(
    'answers a payment in flight before SIGTERM ends it with 0',
    async () => {
      const answer = pay('order-at-stop', { scenario: 'slow', delayMs: 3_000 });
      await executedOnce('order-at-stop');
      await compose('stop', 'gateway');
      expect((await answer).status).toBe(200);
      const stopped = JSON.parse(await compose('ps', '--all', '--format', 'json', 'gateway')) as {
        State: string;
        ExitCode: number;
      };
      expect([stopped.State, stopped.ExitCode]).toEqual(['exited', 0]);
      await compose('up', '--detach', '--wait');
    },
    SERVICES_LIMIT_MS,
  );

  it(
    'settles the payment during which the gateway and its database were killed, in new containers',
    async () => {
      const slow = { scenario: 'slow', delayMs: 60_000 };
      const cut = pay('order-at-kill', slow).catch(() => undefined);
      await executedOnce('order-at-kill');
      await compose('kill', 'gateway', 'postgres');
      expect(await cut).toBeUndefined();
      await compose('rm', '--force', 'gateway', 'postgres');
      await compose('up', '--detach', '--wait');
      const { payments } = await book('order-at-kill');
      await notified(payments[0]!.paymentId, 'ACCEPTED');
      const repeated = await pay('order-at-kill', slow);
      expect([repeated.status, repeated.body['result']]).toEqual([200, 'OK']);
      await executedOnce('order-at-kill');
      // The volume has what was paid before.
      await executedOnce('order-paid');
      expect((await pay('order-paid')).status).toBe(200);
      await executedOnce('order-paid');
    },
    SERVICES_LIMIT_MS,
  );
});

/** One order, under its name as the key. */
function pay(order: string, providerData?: object): Promise<Answer> {
  const body = {
    amount: 1_299,
    currency: 'EUR',
    shopTransactionId: order,
    ...(providerData && { providerData }),
  };
  return call(`${GATEWAY}/v3/simulator/pay`, 'POST', body, { 'idempotency-key': order });
}

interface Book {
  readonly totals: { readonly callbacks: object };
  readonly payments: readonly { readonly paymentId: string }[];
}

async function book(order: string): Promise<Book> {
  const { body } = await call(`${SIMULATOR}/book?shopTransactionId=${order}`, 'GET');
  return body as unknown as Book;
}

async function executedOnce(order: string): Promise<void> {
  await until(async () => (await book(order)).payments.length > 0, `the external to execute ${order}`);
  expect((await book(order)).payments).toHaveLength(1);
}

/** The receiver has verified the signature of a notification of this state. */
async function notified(paymentId: unknown, status: string): Promise<void> {
  await until(
    async () => {
      const { body } = await call(`${SIMULATOR}/notifications?paymentId=${String(paymentId)}`, 'GET');
      const items = body['items'] as { verified: boolean; body: { status: string } }[];
      return items.some((item) => item.verified && item.body.status === status);
    },
    `the notification that ${String(paymentId)} is ${status}`,
    60_000,
  );
}
