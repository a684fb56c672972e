import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Gateway, startGateway } from '../support/gateway.js';
import { isRunnable, prepareSample, runCaller, type Sample, SAMPLE_LANGUAGES } from '../support/samples.js';
import { answerJson, startStubExternal, type StubExternal } from '../support/stub-external.js';

/** The callers of docs/samples, against a real gateway. */

/** Callers wait between their attempts, and each test starts up to three processes. */
jest.setTimeout(120_000);

const API_KEY = 'key-of-the-shop-service';

/** A proxy between caller and gateway that can lose answers after the gateway has sent them. */
interface LossyProxy {
  readonly url: string;
  /** The `Idempotency-Key` of each POST. */
  readonly keys: string[];
  lose(answers: number, how: 'cut' | 'hold'): void;
  close(): Promise<void>;
}

async function startLossyProxy(target: () => string): Promise<LossyProxy> {
  let losses = 0;
  let loss: 'cut' | 'hold' = 'cut';
  const keys: string[] = [];
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = Buffer.concat((await request.toArray()) as Buffer[]);
    const { host: _, connection: __, ...headers } = request.headers;
    if (request.method === 'POST') keys.push(request.headers['idempotency-key'] as string);
    const answer = await fetch(`${target()}${request.url}`, {
      method: request.method!,
      headers: headers as Record<string, string>,
      ...(request.method === 'POST' && { body }),
    });
    const text = await answer.text();
    losses -= 1;
    if (losses >= 0) return void (loss === 'cut' && response.destroy());
    const retryAfter = answer.headers.get('retry-after');
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type')!,
      ...(retryAfter !== null && { 'retry-after': retryAfter }),
    });
    response.end(text);
  };
  const server = createServer((request, response) => void pass(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    lose: (answers, how) => {
      losses = answers;
      loss = how;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

describe.each(SAMPLE_LANGUAGES)('the caller in $name', (language) => {
  if (!isRunnable(language)) {
    it.todo(`is not tried: there is no ${language.needs[0]} here`);
    return;
  }
  let sample: Sample;
  let external: StubExternal;
  let gateway: Gateway;
  let proxy: LossyProxy;
  let count = 0;
  /** Of this test, as its payment. */
  let order: string;
  let paymentId: string;

  beforeAll(async () => {
    sample = prepareSample('caller', language);
    external = await startStubExternal();
    gateway = await startGateway({
      externals: [
        {
          externalService: 'acme',
          baseUrl: external.url,
          statusByShopTransactionId: true,
          circuitBreaker: { failures: 1_000 },
        },
      ],
      env: { API_AUTH: 'required', API_KEYS: `shop:${API_KEY}`, WORKERS: 'off' },
    });
    proxy = await startLossyProxy(() => gateway.url);
  });
  afterAll(async () => {
    await proxy.close();
    await gateway.close();
    await external.close();
    sample.dispose();
  });
  beforeEach(() => {
    count += 1;
    order = `order-${count}`;
    paymentId = `pm_${count}`;
    external.behave(executed);
    external.requests.length = 0;
    proxy.keys.length = 0;
    proxy.lose(0, 'cut');
  });

  const executed = (): object => ({ result: 'OK', paymentId });
  const payment = (): string => JSON.stringify({ amount: 1_299, currency: 'EUR', shopTransactionId: order });
  const refund = (id: string): string => JSON.stringify({ amount: 500, currency: 'EUR', paymentId: id });

  const run = async (
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly lines: string[]; readonly exitCode: number | null }> => {
    const all = { TOLLGATE_URL: `${proxy.url}/v3/acme`, TOLLGATE_KEY: API_KEY, ...env };
    const { output, exitCode } = await runCaller(sample, args, all);
    return { lines: output.trimEnd().split('\n'), exitCode };
  };
  /** The last line. */
  const told = async (args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string> =>
    (await run(args, env)).lines.at(-1)!.trimEnd();
  const executions = (): number => external.requests.filter(({ method }) => method === 'POST').length;

  it('pays and refunds, each with a key of its own', async () => {
    const { lines, exitCode } = await run(['pay', payment()]);
    expect([lines.at(-1), exitCode]).toEqual([`executed ${paymentId}`, 0]);
    external.behave(() => ({ result: 'OK', refundId: 'rf_1' }));
    expect(await told(['refund', refund(paymentId)])).toBe('executed rf_1');
    expect(new Set(proxy.keys).size).toBe(2);
    expect(lines[0]).toBe(`key ${proxy.keys[0]}`);
  });

  it.each([
    [
      'REDIRECT_TO_URL',
      { redirectToUrl: 'https://acme.example/3ds' },
      'send the payer to https://acme.example/3ds',
    ],
    ['REDIRECT_TO_URL', { redirectToUrlMobile: 'bankapp://pay' }, 'send the payer to bankapp://pay'],
    ['PENDING', {}, 'pending pm_'],
    ['KO', { resultDescription: 'Card declined' }, 'declined Card declined'],
  ])('distinguishes %s %j', async (result, more, line) => {
    external.behave(() => ({ result, paymentId, ...more }));
    expect(await told(['pay', payment()])).toContain(line);
  });

  it('executes once if the answer gets lost', async () => {
    proxy.lose(2, 'cut');
    expect(await told(['pay', payment(), 'key-1'])).toBe(`executed ${paymentId}`);
    expect([proxy.keys.filter((key) => key === 'key-1').length, executions()]).toEqual([
      proxy.keys.length,
      1,
    ]);
    expect(proxy.keys.length).toBeGreaterThanOrEqual(3);
  });

  it('executes once if the answer does not come in time', async () => {
    proxy.lose(1, 'hold');
    expect(await told(['pay', payment()], { TIMEOUT_S: '3' })).toBe(`executed ${paymentId}`);
    expect([new Set(proxy.keys).size, executions()]).toEqual([1, 1]);
  });

  it('executes once if it is started again with the same key', async () => {
    expect(await told(['pay', payment(), 'key-2'])).toBe(`executed ${paymentId}`);
    expect(await told(['pay', payment(), 'key-2'])).toBe(`executed ${paymentId}`);
    expect(executions()).toBe(1);
  });

  it('learns the outcome of a call that the external did not answer', async () => {
    external.behave(({ method }, response) =>
      method === 'GET'
        ? { status: 'ACCEPTED', paymentId }
        : answerJson(response, 500, { detail: 'Executed, and then failed' }),
    );
    expect(await told(['pay', payment()])).toBe(`executed ${paymentId}`);
    expect(executions()).toBe(1);
  });

  it('repeats a request that was not executed after Retry-After', async () => {
    external.behave((_, response) => {
      if (executions() > 1) return executed();
      response.setHeader('retry-after', '1');
      return answerJson(response, 429, {});
    });
    expect(await told(['pay', payment()])).toBe(`executed ${paymentId}`);
    expect(executions()).toBe(2);
  });

  it('does not repeat a request that must be corrected', async () => {
    const { lines, exitCode } = await run(['pay', payment().replace('1299', '12.99')]);
    expect([lines.at(-1), exitCode]).toEqual([expect.stringMatching(/^not executed: validation-failed /), 1]);
    expect([proxy.keys.length, executions()]).toEqual([1, 0]);
  });

  it('names the payment that an order has already', async () => {
    await run(['pay', payment()]);
    expect(await told(['pay', payment()])).toMatch(/^not executed: duplicate-payment .* ACCEPTED$/);
    expect(executions()).toBe(1);
  });

  it('answers with the status of a payment that the external has not decided', async () => {
    external.behave(({ method }, response) =>
      method === 'GET' ? { status: 'PENDING', paymentId } : answerJson(response, 500, {}),
    );
    expect(await told(['pay', payment()])).toBe(`pending ${paymentId}`);
    expect(executions()).toBe(1);
  });

  it('leaves open what stays unknown', async () => {
    external.behave((_, response) => answerJson(response, 500, {}));
    const { lines, exitCode } = await run(['refund', refund(paymentId)]);
    expect([lines.at(-1), exitCode]).toEqual(['unknown: provider-error status not known', 2]);
    expect([new Set(proxy.keys).size, executions()]).toEqual([1, 1]);
  });
});
