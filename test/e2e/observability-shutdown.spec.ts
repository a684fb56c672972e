import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Agent, request } from 'undici';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';
import { answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { until } from '../support/until.js';

const CALLERS = 16;
/** The last two: the connection was closed, or never accepted, when the request came. */
const REFUSALS = new Set(['503 shutting-down', 'ECONNREFUSED', 'UND_ERR_SOCKET', 'ECONNRESET']);

interface PaidBody {
  readonly shopTransactionId: string;
}

describe('shutting down', () => {
  let external: StubExternal;
  let gateway: GatewayProcess;
  let agent: Agent;

  const executed = (): string[] =>
    external.requests.map(({ body }) => (JSON.parse(body) as PaidBody).shopTransactionId).toSorted(inOrder);

  beforeEach(async () => {
    agent = new Agent({ connections: CALLERS });
    external = await startStubExternal();
    gateway = await startGatewayProcess({
      externals: [
        { externalService: 'acme', baseUrl: external.url, timeoutMs: 10_000 },
        { externalService: 'patient', baseUrl: external.url, timeoutMs: 120_000 },
      ],
      env: { LOG_LEVEL: 'warn', RECONCILIATION_SCHEDULE: '100ms,1h' },
    });
  });
  afterEach(async () => {
    await agent.destroy();
    await gateway.dispose();
    await external.close();
  });

  function answersAfter(ms: number): void {
    external.behave(async (arrived, response) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return answerOk(arrived, response);
    });
  }

  async function hangUp(shopTransactionId: string): Promise<void> {
    const abort = new AbortController();
    const before = external.requests.length;
    const waiting = fetch(`${gateway.url}/v3/acme/pay`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ amount: 1, currency: 'EUR', shopTransactionId }),
      signal: abort.signal,
    }).catch(() => 'hung up');
    await until(
      () => external.requests.slice(before).some(({ body }) => body.includes(shopTransactionId)),
      'it',
    );
    abort.abort();
    expect(await waiting).toBe('hung up');
  }

  function statesOf(table: 'operations' | 'payments'): unknown[] {
    const database = new DatabaseSync(gateway.databasePath, { readOnly: true });
    try {
      return database
        .prepare(`select distinct state from ${table}`)
        .all()
        .map(({ state }) => state);
    } finally {
      database.close();
    }
  }

  const readiness = async (): Promise<number> => {
    const { statusCode, body } = await request(`${gateway.url}/health/ready`);
    await body.dump();
    return statusCode;
  };

  it('under load loses no answer, completes operations of disconnected callers, and exits with code 0', async () => {
    answersAfter(60);
    const answered: string[] = [];
    const ends: string[] = [];
    const caller = async (number: number): Promise<void> => {
      for (let i = 0; ; i += 1) {
        const shopTransactionId = `order-${number}-${i}`;
        const end = await pay(gateway.url, shopTransactionId, agent);
        if (end !== '200') return void ends.push(end);
        answered.push(shopTransactionId);
      }
    };
    const callers = Array.from({ length: CALLERS }, (_, number) => caller(number));
    await until(() => answered.length > 5 * CALLERS, 'some payments');
    await hangUp('hung-up');

    gateway.kill('SIGTERM');
    await until(async () => (await readiness()) === 503, 'readiness to go down', 2_000);
    await Promise.all(callers);
    expect(await gateway.exit).toEqual({ code: 0, signal: null });
    // Refused callers received an answer or no connection: nothing of theirs was executed.
    expect(ends.filter((end) => !REFUSALS.has(end))).toEqual([]);
    expect([...answered, 'hung-up'].toSorted(inOrder)).toEqual(executed());
    expect(statesOf('operations')).toEqual(['completed']);
    expect(statesOf('payments')).toEqual(['ACCEPTED']);
  });

  it('does not wait for a reconciliation query that hangs, and releases its lease', async () => {
    external.behave(({ method }) =>
      method === 'GET' ? new Promise(() => {}) : { result: 'PENDING', paymentId: 'pm' },
    );
    expect(await pay(gateway.url, 'order', agent, 'patient')).toBe('200');
    await until(() => external.requests.some(({ method }) => method === 'GET'), 'the question');
    gateway.kill('SIGTERM');
    expect(await gateway.exit).toEqual({ code: 0, signal: null });
    const database = new DatabaseSync(gateway.databasePath, { readOnly: true });
    const [payment] = database.prepare('select state, asks, next_ask_at, lease_token from payments').all();
    database.close();
    expect(payment).toMatchObject({
      state: 'PENDING',
      asks: 0,
      next_ask_at: expect.any(Number),
      lease_token: null,
    });
  }, 20_000);

  it('exits at once on a second signal', async () => {
    external.behave(() => new Promise(() => {}));
    const waiting = pay(gateway.url, 'waiting', agent);
    await until(() => external.requests.length === 1, 'the call');
    gateway.kill('SIGTERM');
    await until(async () => (await readiness()) === 503, 'readiness to go down', 2_000);
    gateway.kill('SIGINT');
    expect(await gateway.exit).toEqual({ code: 130, signal: null });
    expect(await waiting).toBe('UND_ERR_SOCKET');
  });
});

/** How it ended: the status, with the code of a problem, or why there was none. */
async function pay(
  url: string,
  shopTransactionId: string,
  dispatcher: Agent,
  external = 'acme',
): Promise<string> {
  try {
    const { statusCode, body } = await request(`${url}/v3/${external}/pay`, {
      method: 'POST',
      dispatcher,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ amount: 1, currency: 'EUR', shopTransactionId }),
    });
    const { code } = (await body.json()) as { code?: string };
    return code === undefined ? String(statusCode) : `${statusCode} ${code}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

function inOrder(a: string, b: string): number {
  return a.localeCompare(b);
}
