/**
 * Clients that other people's generators make of docs/openapi.json compile under strict TypeScript, know what each answer
 * holds, and run all operations of the contract against the built program. So do the commands and programs of the guide
 * (docs/calling-tollgate.md, "Generate a client"). Exits with code 1 where any of that fails, with 75 where the generators
 * cannot be fetched.
 *
 * The generators are fetched into a temporary folder: they bring a hundred packages, which nobody else needs.
 * All operations by `openapi-typescript` are in a test of its own (test/e2e/documentation-client.spec.ts).
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { withGateway, withPackages } from './fetched-packages.js';

/** `openapi-typescript` is a package of this project: beside TypeScript 6, npm would refuse it. */
const GENERATORS = ['@hey-api/openapi-ts@0.99.0', 'openapi-fetch@0.17.0', 'orval@8.38.0', 'typescript@6.0.3'];

/** The calls of both samples, by a function for each operation, `ok`, which takes the data of a 200 out of an answer. */
const FLOW = `
const body = { amount: 1299, currency: 'EUR' } as const;
const unique = (): string => 'order-' + Math.random().toString(36).slice(2);
const order = () => ({ ...body, shopTransactionId: unique() });
const subscriptionInfo = { interval: 'MONTH', intervalCount: 1 } as const;

/** The compiler knows what comes with each result. */
function idOf(answer: PayAnswer): string {
  switch (answer.result) {
    case 'OK':
    case 'PENDING':
      return answer.paymentId;
    case 'REDIRECT_TO_URL':
      return 'redirectToUrl' in answer ? answer.redirectToUrl : answer.redirectToUrlMobile;
    case 'KO':
      return answer.resultDescription ?? '';
    default:
      return answer satisfies never;
  }
}

const paymentId = idOf(ok(await call.pay(order())));
ok(await call.payByLink(order()));
ok(await call.getPaymentStatus({ paymentId }));
ok(await call.checkPayment({ paymentId }));
const { refundId } = ok(await call.refund({ ...body, amount: 500, paymentId }));
ok(await call.getRefundStatus({ refundId }));
const redirected = await call.pay({ ...order(), providerData: { scenario: 'pending', delayMs: 3600000 } });
ok(await call.cancelPayment({ paymentId: idOf(ok(redirected)) }));
ok(await call.scheduleSubscription({ ...order(), subscriptionInfo }));
const started = ok(await call.startSubscription({ ...order(), subscriptionInfo }));
if (started.result === 'KO') throw new Error(started.resultDescription);
const token: string = started.subscriptionToken;
ok(await call.paySubscription({ ...order(), subscriptionInfo: { token } }));
ok(await call.updateSubscription(token, { ...body }));
ok(await call.getSubscriptionStatus(token));
ok(await call.expireSubscription(token));
ok(await call.receiveCallback({ paymentId }));
ok(await call.receiveCallbackWithBody({ paymentId }));
const twice = order();
ok(await call.pay(twice));
const refused = failed(await call.pay(twice));
const outcome: 'not-executed' | 'unknown' = refused.outcome;
if (refused.code !== 'duplicate-payment') throw new Error(refused.code);
console.log('all operations; a duplicate is ' + outcome);
`;

const HEY_API = `
import * as api from './hey/index.js';
import { client } from './hey/client.gen.js';
import type { CancelRequest, PayAnswer, PayErrors, PayRequest, RefundRequest, SubscriptionPayRequest, SubscriptionStartRequest, SubscriptionUpdateRequest } from './hey/index.js';

client.setConfig({ baseUrl: process.argv[2]! });
const path = { external: 'simulator' };

function ok<T>({ data, error }: { data: T | undefined; error: unknown }): T {
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}
function failed(answer: { error?: PayErrors[keyof PayErrors] | undefined }): PayErrors[keyof PayErrors] {
  if (answer.error === undefined) throw new Error('no error');
  return answer.error;
}
const call = {
  pay: (body: PayRequest) => api.pay({ path, body }),
  payByLink: (body: PayRequest) => api.payByLink({ path, body }),
  getPaymentStatus: (query: { paymentId: string }) => api.getPaymentStatus({ path, query }),
  checkPayment: (query: { paymentId: string }) => api.checkPayment({ path, query }),
  refund: (body: RefundRequest) => api.refund({ path, body }),
  getRefundStatus: (query: { refundId: string }) => api.getRefundStatus({ path, query }),
  cancelPayment: (body: CancelRequest) => api.cancelPayment({ path, body }),
  scheduleSubscription: (body: SubscriptionStartRequest) => api.scheduleSubscription({ path, body }),
  startSubscription: (body: SubscriptionStartRequest) => api.startSubscription({ path, body }),
  paySubscription: (body: SubscriptionPayRequest) => api.paySubscription({ path, body }),
  updateSubscription: (subscriptionToken: string, body: SubscriptionUpdateRequest) => api.updateSubscription({ path: { ...path, subscriptionToken }, body }),
  getSubscriptionStatus: (subscriptionToken: string) => api.getSubscriptionStatus({ path: { ...path, subscriptionToken } }),
  expireSubscription: (subscriptionToken: string) => api.expireSubscription({ path: { ...path, subscriptionToken } }),
  receiveCallback: (query: { paymentId: string }) => api.receiveCallback({ path, query }),
  receiveCallbackWithBody: (body: { paymentId: string }) => api.receiveCallbackWithBody({ path, body }),
};
${FLOW}`;

const ORVAL = `
import * as api from './orval/client.js';
import type { CancelRequest, PayAnswer, PayRequest, payResponse, payResponseError, RefundRequest, SubscriptionPayRequest, SubscriptionStartRequest, SubscriptionUpdateRequest } from './orval/client.js';

const external = 'simulator';
const send = globalThis.fetch;
globalThis.fetch = (input, init) => send(new URL(String(input), process.argv[2]), init);

function ok<A extends { status: unknown; data: unknown }>(answer: A): Extract<A, { status: 200 }>['data'] {
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.data));
  return answer.data as never;
}
function failed(answer: payResponse): payResponseError['data'] {
  if (answer.status === 200) throw new Error('no error');
  return answer.data;
}
const call = {
  pay: (body: PayRequest) => api.pay(external, body),
  payByLink: (body: PayRequest) => api.payByLink(external, body),
  getPaymentStatus: (query: { paymentId: string }) => api.getPaymentStatus(external, query),
  checkPayment: (query: { paymentId: string }) => api.checkPayment(external, query),
  refund: (body: RefundRequest) => api.refund(external, body),
  getRefundStatus: (query: { refundId: string }) => api.getRefundStatus(external, query),
  cancelPayment: (body: CancelRequest) => api.cancelPayment(external, body),
  scheduleSubscription: (body: SubscriptionStartRequest) => api.scheduleSubscription(external, body),
  startSubscription: (body: SubscriptionStartRequest) => api.startSubscription(external, body),
  paySubscription: (body: SubscriptionPayRequest) => api.paySubscription(external, body),
  updateSubscription: (token: string, body: SubscriptionUpdateRequest) => api.updateSubscription(external, token, body),
  getSubscriptionStatus: (token: string) => api.getSubscriptionStatus(external, token),
  expireSubscription: (token: string) => api.expireSubscription(external, token),
  receiveCallback: (query: { paymentId: string }) => api.receiveCallback(external, query),
  receiveCallbackWithBody: (body: { paymentId: string }) => api.receiveCallbackWithBody(external, body),
};
${FLOW}`;

const CLIENTS = [
  {
    name: 'hey-api',
    exact: false, // its own client does not compile with exactOptionalPropertyTypes
    sample: HEY_API,
    command: [
      '@hey-api/openapi-ts/bin/run.js',
      '-i',
      'openapi.json',
      '-o',
      'hey',
      '-c',
      '@hey-api/client-fetch',
    ],
  },
  {
    name: 'orval',
    exact: true,
    sample: ORVAL,
    command: [
      'orval/dist/bin/orval.mjs',
      '--input',
      'openapi.json',
      '--output',
      'orval/client.ts',
      '--client',
      'fetch',
    ],
  },
];

/** What the guide shows of each generator: its heading, the files by name, and the commands that generate. */
function shownInGuide() {
  const guide = readFileSync('docs/calling-tollgate.md', 'utf8');
  const [section] = /(?<=^## Generate a client$).*?(?=^## )/ms.exec(guide);
  return section
    .split(/^### /m)
    .slice(1)
    .map((part) => ({
      name: /^\S+/.exec(part)[0],
      files: [...part.matchAll(/^```[jt]s\n\/\/ (\S+)\n(.*?)^```/gms)].map(([, file, text]) => ({
        file,
        text,
      })),
      commands: [...part.matchAll(/^npx (\S+) ?(.*)$/gm)].map(([, program, args]) => [
        program,
        ...args.split(' ').filter(Boolean),
      ]),
    }));
}

function tsconfig(name, exactOptionalPropertyTypes) {
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2024',
    strict: true,
    exactOptionalPropertyTypes,
    // Those of this project: the fetched packages bring none of Node.
    typeRoots: [resolve('node_modules/@types')],
    types: ['node'],
    skipLibCheck: true,
    outDir: '.',
  };
  return JSON.stringify({ compilerOptions, files: [`${name}.ts`] });
}

await withPackages(GENERATORS, async (folder) => {
  const programs = [join(folder, 'node_modules/.bin'), resolve('node_modules/.bin'), process.env.PATH];
  const run = (command, ...args) => runWith({}, command, ...args);
  const runWith = (settings, command, ...args) => {
    const env = { ...process.env, PATH: programs.join(delimiter), ...settings };
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8', env });
    if (status !== 0)
      throw new Error(`${[command, ...args].join(' ')} ended with ${status}:\n${stdout}${stderr}`);
    return stdout;
  };
  copyFileSync('docs/openapi.json', join(folder, 'openapi.json'));
  for (const { name, exact, sample, command } of CLIENTS) {
    const [bin, ...args] = command;
    // Before it generates: hey-api reads there whether imports need file extensions.
    writeFileSync(join(folder, 'tsconfig.json'), tsconfig(name, exact));
    run(process.execPath, join('node_modules', bin), ...args);
    writeFileSync(join(folder, `${name}.ts`), sample);
    run(process.execPath, 'node_modules/typescript/bin/tsc');
    await withGateway((url) => console.log(`${name}: ${run(process.execPath, `${name}.js`, url).trim()}`));
  }
  for (const { name, files, commands } of shownInGuide()) {
    const program = files.at(-1).file.replace('.ts', '');
    const { exact = true } = CLIENTS.find((each) => name.includes(each.name)) ?? {};
    writeFileSync(join(folder, 'tsconfig.json'), tsconfig(program, exact));
    for (const { file, text } of files) writeFileSync(join(folder, file), text);
    for (const [command, ...args] of commands) run(command, ...args);
    run('tsc');
    await withGateway((url) => {
      const said = runWith({ TOLLGATE_URL: url }, process.execPath, `${program}.js`);
      if (!/^paid \S+\n$/.test(said)) throw new Error(`The guide's program of ${name} said: ${said}`);
      console.log(`the guide, ${name}: ${said.trim()}`);
    });
  }
});
