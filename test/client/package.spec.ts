import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, request as forward, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chromium } from 'playwright-core';
import { type Simulator, startSimulator } from '@tollgate/simulator';
import { type ClientProject, createClientProject } from '../support/client-project.js';
import { type Gateway, startGateway } from '../support/gateway.js';

/** The tarball, in an empty project and in a page. */

const CHROMIUM = '/usr/bin/chromium';
const MAX_MINIFIED_BYTES = 15_000;

/** A payment that the external executes and never answers: a time-out, then the outcome by the same key. */
const TIME_OUT = `
const client = new Tollgate({ baseUrl: process.env.TOLLGATE_URL!, retry: { maxRetries: 0 } }).external('acme');
const order = {
  amount: 1299,
  currency: 'EUR',
  shopTransactionId: process.env.ORDER!,
  providerData: { scenario: 'timeout' },
} as const;
let idempotencyKey: string | undefined;
try {
  await client.pay(order);
} catch (error) {
  if (!(error instanceof TollgateError)) throw error;
  idempotencyKey = error.idempotencyKey;
  console.log(error.code, error.outcome, error.status);
}
if (idempotencyKey === undefined) throw new Error('no time-out');
const answer = await client.pay(order, { idempotencyKey });
if (answer.result === 'OK') {
  const paymentId: string = answer.paymentId;
  console.log(answer.result, paymentId.length > 0);
}
const { status } = await client.waitForPayment({ shopTransactionId: order.shopTransactionId });
console.log(status);
`;

const MISTAKES = `
import { Tollgate } from '@tollgate/client';

export async function mistakes(tollgate: Tollgate): Promise<void> {
  const acme = tollgate.external('acme');
  // @ts-expect-error an amount is a number
  await acme.pay({ amount: '1299', currency: 'EUR', shopTransactionId: 'o' });
  // @ts-expect-error euro is no currency
  await acme.pay({ amount: 1299, currency: 'euro', shopTransactionId: 'o' });
  // @ts-expect-error a typo must not move money
  await acme.pay({ amount: 1, currency: 'EUR', shopTransactionID: 'o' });
  // @ts-expect-error a status is of one payment
  await acme.status({});
  // @ts-expect-error by one of its ids
  await acme.status({ paymentId: 'pm_1', shopTransactionId: 'o' });
  const answer = await acme.pay({ amount: 1299, currency: 'EUR', shopTransactionId: 'o' });
  // @ts-expect-error a decline may have none
  if (answer.result === 'KO') answer.paymentId.length;
  // @ts-expect-error no such result
  if (answer.result === 'YES') throw new Error();
  // @ts-expect-error no such list
  tollgate.admin.list('/admin/payments/{id}');
  // @ts-expect-error no such filter
  tollgate.admin.list('/admin/payments', { query: { colour: 'red' } });
  // @ts-expect-error no CSV of it
  tollgate.admin.csv('/admin/attention');
  // @ts-expect-error the id is missing
  await tollgate.admin.get('/admin/payments/{id}');
}
`;

describe('the tarball of the client', () => {
  let project: ClientProject;
  let simulator: Simulator;
  let gateway: Gateway;

  beforeAll(async () => {
    project = await createClientProject();
    simulator = await startSimulator({ port: 0 });
    gateway = await startGateway({
      externals: [
        {
          externalService: 'acme',
          baseUrl: simulator.url,
          timeoutMs: 1_500,
          statusByShopTransactionId: true,
        },
      ],
    });
  }, 300_000);
  afterAll(async () => {
    await gateway.close();
    await simulator.close();
    project.dispose();
  });

  const executions = (shopTransactionId: string): object[] => [
    ...simulator.report({ shopTransactionId }).payments,
  ];

  it('brings no other package, and nothing but what was built', () => {
    const installed = join(project.folder, 'node_modules/@tollgate/client');
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as object;
    expect(manifest).not.toHaveProperty('dependencies');
    expect(existsSync(join(installed, 'src'))).toBe(false);
    expect(existsSync(join(project.folder, 'node_modules/fastify'))).toBe(false);
  });

  it('declares nothing that needs TypeScript 5.7: typed arrays without type parameters', () => {
    const types = join(project.folder, 'node_modules/@tollgate/client/dist/esm');
    const declarations = readdirSync(types, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.d.ts'),
    );
    expect(declarations).toContain(join('receiving', 'verify-notification.d.ts'));
    for (const path of declarations)
      expect(readFileSync(join(types, path), 'utf8')).not.toMatch(/Uint8Array</);
  });

  it('compiles in a strict project without skipLibCheck, as ES module and as CommonJS', async () => {
    project.link('@types/node', 'undici-types');
    project.write('esm.ts', `import { Tollgate, TollgateError } from '@tollgate/client';\n${TIME_OUT}`);
    project.write(
      'cjs.cts',
      `import { Tollgate, TollgateError } from '@tollgate/client';\nvoid (async () => {${TIME_OUT}})();`,
    );
    project.write('mistakes.ts', MISTAKES);
    expect(await project.compile()).toBe('');
  }, 300_000);

  it.each(['esm.js', 'cjs.cjs'])(
    '%s pays, times out, learns the outcome by the same key, and the external executed it once',
    async (path) => {
      const output = await project.runWith({ TOLLGATE_URL: gateway.url, ORDER: path }, path);
      expect(output.trim().split('\n')).toEqual(['provider-timeout unknown 504', 'OK true', 'ACCEPTED']);
      expect(executions(path)).toMatchObject([{ status: 'ACCEPTED', amount: 1_299 }]);
    },
    60_000,
  );

  it(`has less than ${MAX_MINIFIED_BYTES} bytes, minified`, async () => {
    const input = 'node_modules/@tollgate/client/dist/esm/index.js';
    const rolldown = resolve('node_modules/rolldown/bin/cli.mjs');
    await project.run(rolldown, input, '--platform=browser', '--minify', '--file=bundle.js');
    expect(statSync(join(project.folder, 'bundle.js')).size).toBeLessThan(MAX_MINIFIED_BYTES);
  }, 60_000);

  (existsSync(CHROMIUM) ? it : it.skip)(
    'pays from a page, below a prefix of its own origin',
    async () => {
      const page = /```html\n(.*?)\n```/s.exec(readFileSync('docs/client.md', 'utf8'))![1]!;
      const server = await servePage(page.replace("'simulator'", "'acme'"), project.folder, gateway.url);
      const args = ['--no-sandbox', '--headless', '--disable-gpu', '--disable-dev-shm-usage'];
      const browser = await chromium.launch({ executablePath: CHROMIUM, args });
      try {
        const tab = await browser.newPage();
        await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
        await tab.getByText('OK', { exact: true }).waitFor();
        expect(executions('order-1006')).toMatchObject([
          { status: 'ACCEPTED', amount: 500, currency: 'JPY' },
        ]);
      } finally {
        await browser.close();
        server.closeAllConnections();
        server.close();
      }
    },
    120_000,
  );
});

/** A site with the page, the package's files, and Tollgate below `/payments`. */
async function servePage(page: string, folder: string, gatewayUrl: string): Promise<Server> {
  const files = join(folder, 'node_modules/@tollgate/client/dist/esm');
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost');
    if (pathname.startsWith('/payments/')) {
      const { method, headers } = request;
      const target = forward(
        gatewayUrl + request.url!.slice('/payments'.length),
        { method, headers },
        (answer) => {
          response.writeHead(answer.statusCode!, answer.headers);
          answer.pipe(response);
        },
      );
      request.pipe(target);
    } else if (pathname.startsWith('/client/')) {
      response.setHeader('content-type', 'text/javascript');
      response.end(readFileSync(join(files, pathname.slice('/client/'.length))));
    } else {
      response.setHeader('content-type', 'text/html');
      response.end(`<!doctype html><body>${page}</body>`);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
