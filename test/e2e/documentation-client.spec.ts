import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from '../support/gateway.js';
import { fetchDocument } from '../support/openapi-document.js';

/** A client generated from the document compiles, rejects what the contract rejects, and works. */

const SAMPLE = `
import createClient from 'openapi-fetch';
import type { components, paths, webhooks } from './contract.js';

const client = createClient<paths>({ baseUrl: process.argv[2]! });
const path = { external: 'simulator' };
const told: Record<string, unknown> = {};

function sure<T>(data: T | undefined, error: components['schemas']['Problem'] | undefined): T {
  if (data === undefined) throw new Error(\`\${error?.code} (\${error?.outcome}): \${error?.detail}\`);
  return data;
}

const order = { amount: 1299, currency: 'EUR', shopTransactionId: 'order-1' } as const;
const pay = await client.POST('/v3/{external}/pay', {
  params: { path, header: { 'Idempotency-Key': 'key-1' } },
  body: { ...order, providerData: { nested: [{ any: 'thing' }] } },
});
const paid = sure(pay.data, pay.error);
const result: 'OK' | 'KO' | 'PENDING' | 'REDIRECT_TO_URL' = paid.result;
told.pay = result;
/** Where the answer leads: the type of each result has what comes with it. */
function next(answer: components['schemas']['PayAnswer']): string {
  switch (answer.result) {
    case 'OK':
    case 'PENDING':
      return answer.paymentId satisfies string;
    case 'REDIRECT_TO_URL':
      return 'redirectToUrl' in answer ? answer.redirectToUrl : answer.redirectToUrlMobile;
    case 'KO':
      return answer.resultDescription ?? '';
    default:
      return answer satisfies never;
  }
}
const paymentId = next(paid);

const again = await client.POST('/v3/{external}/pay', { params: { path }, body: order });
// Every failure of an operation that moves money has an outcome, whatever its code is.
if (again.error) void (again.error.outcome satisfies 'not-executed' | 'unknown');
if (again.error?.code === 'duplicate-payment') told.again = [again.error.outcome, again.error.paymentId === paymentId];

const link = await client.POST('/v3/{external}/pay-by-link', {
  params: { path },
  body: { ...order, shopTransactionId: 'order-2' },
});
told.payByLink = typeof sure(link.data, link.error).link;

const refund = await client.POST('/v3/{external}/refund', {
  params: { path },
  body: { amount: 500, currency: 'EUR', paymentId },
});
told.refund = sure(refund.data, refund.error).result;

for (const operation of ['status', 'check'] as const) {
  const { data, error } = await client.GET(\`/v3/{external}/\${operation}\`, { params: { path, query: { paymentId } } });
  const status: 'ACCEPTED' | 'FAILED' | 'PENDING' = sure(data, error).status;
  told[operation] = status;
}

const callback = await client.GET('/v3/{external}/callback', { params: { path, query: { paymentId } } });
told.callback = sure(callback.data, callback.error).received;

const subscriptionInfo = { interval: 'MONTH', intervalCount: 1 } as const;
const schedule = await client.POST('/v3/{external}/subscription/schedule', {
  params: { path },
  body: { ...order, amount: 0, shopTransactionId: 'order-3', subscriptionInfo },
});
told.schedule = sure(schedule.data, schedule.error).result;
const start = await client.POST('/v3/{external}/subscription/start', {
  params: { path },
  body: { ...order, shopTransactionId: 'order-4', subscriptionInfo: { ...subscriptionInfo, expiresAfter: 12 } },
});
const started = sure(start.data, start.error);
if (started.result === 'KO') throw new Error(started.resultDescription);
const subscriptionToken: string = started.subscriptionToken;
const payment = await client.POST('/v3/{external}/subscription/pay', {
  params: { path },
  body: { ...order, shopTransactionId: 'order-5', subscriptionInfo: { token: subscriptionToken } },
});
told.subscriptionPay = sure(payment.data, payment.error).result;
const byOrder = await client.GET('/v3/{external}/status', {
  params: { path, query: { shopTransactionId: order.shopTransactionId } },
});
const asked: string | undefined = sure(byOrder.data, byOrder.error).paymentId;
told.byOrder = asked === paymentId;
const cancel = await client.POST('/v3/{external}/cancel', { params: { path }, body: { paymentId } });
told.cancel = cancel.error?.code;
const update = await client.POST('/v3/{external}/subscription/update/{subscriptionToken}', {
  params: { path: { ...path, subscriptionToken } },
  body: { amount: 5, currency: 'EUR' },
});
const updated: string = sure(update.data, update.error).subscriptionToken;
told.update = updated === subscriptionToken;
const state = await client.GET('/v3/{external}/subscription/status/{subscriptionToken}', {
  params: { path: { ...path, subscriptionToken } },
});
told.subscriptionStatus = sure(state.data, state.error).status;
const expire = await client.DELETE('/v3/{external}/subscription/expire/{subscriptionToken}', {
  params: { path: { ...path, subscriptionToken } },
});
told.expire = sure(expire.data, expire.error).result;

type Notification = webhooks['paymentStatusChanged']['post']['requestBody']['content']['application/json'];
const notification: Notification = { status: 'ACCEPTED', paymentId, providerName: 'simulator', metadata: 1, version: 3 };
// A payment that was never executed has no paymentId.
const { paymentId: _absent, ...neverExecuted }: Notification = notification;
void (neverExecuted satisfies Notification);
told.notification = notification.status;

export function mistakes(): void {
  // @ts-expect-error an amount is a number
  void client.POST('/v3/{external}/pay', { params: { path }, body: { ...order, amount: '1299' } });
  // @ts-expect-error euro is no currency
  void client.POST('/v3/{external}/pay', { params: { path }, body: { ...order, currency: 'euro' } });
  // @ts-expect-error a typo must not move money
  void client.POST('/v3/{external}/pay', { params: { path }, body: { amount: 1, currency: 'EUR', shopTransactionID: 'x' } });
  // @ts-expect-error a paymentId is a text
  void client.GET('/v3/{external}/status', { params: { path, query: { paymentId: 1 } } });
  // @ts-expect-error no such code
  if (pay.error?.code === 'out-of-luck') throw new Error();
  // @ts-expect-error a payment is never answered with a problem of /cancel
  if (pay.error?.code === 'payment-not-pending') throw new Error();
  // @ts-expect-error a declined payment may have no id
  if (paid.result === 'KO') void (paid.paymentId satisfies string);
}

console.log(JSON.stringify(told));
`;

const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2024',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    types: ['node'],
    outDir: '.',
    skipLibCheck: true,
  },
  files: ['sample.ts'],
};

let folder: string;
let gateway: Gateway;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-client-'));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  gateway = await startGateway();
  writeFileSync(join(folder, 'openapi.json'), JSON.stringify(await fetchDocument(gateway.url)));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  writeFileSync(join(folder, 'sample.ts'), SAMPLE);
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a program of an installed package; returns its exit code and output. */
async function run(program: string, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((ended) => child.once('close', ended));
  return { code, output };
}

describe('a client generated by openapi-typescript', () => {
  it('compiles against a sample of calls, which then work', async () => {
    const generator = resolve('node_modules/openapi-typescript/bin/cli.js');
    expect(await run(generator, 'openapi.json', '-o', 'contract.ts')).toMatchObject({ code: 0 });
    expect(await run(resolve('node_modules/typescript/bin/tsc'))).toEqual({ code: 0, output: '' });
    const { code, output } = await run('sample.js', gateway.url);
    expect(JSON.parse(output)).toEqual({
      pay: 'OK',
      again: ['not-executed', true],
      payByLink: 'string',
      refund: 'OK',
      status: 'ACCEPTED',
      check: 'ACCEPTED',
      callback: true,
      schedule: 'OK',
      subscriptionPay: 'OK',
      byOrder: true,
      cancel: 'payment-not-pending',
      update: true,
      subscriptionStatus: 'ACTIVE',
      expire: 'OK',
      notification: 'ACCEPTED',
    });
    expect(code).toBe(0);
  }, 240_000);
});
