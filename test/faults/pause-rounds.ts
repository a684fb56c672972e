import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type LedgerPayment,
  type LedgerReader,
  postgresLedger,
  sqliteLedger,
} from '../crash/ledger-reader.js';
import { type Answer, call } from '../support/client.js';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';
import { answerJson, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

/**
 * Where the pause begins: after the first commit, with the request on the wire and not executed yet, with the request
 * executed and not answered, or while the outcome is stored.
 */
export const PLACES = ['committed', 'sending', 'waiting', 'recording'] as const;
export type Place = (typeof PLACES)[number];

/** In what is sent to PostgreSQL: the first commit, alone or in a batch of the journal. */
export const WRITES_OPERATION = /insert into "?operations\b/;

export interface PauseRound {
  readonly place: Place;
  readonly seconds: number;
}

/** What a round has shown. `faults` is empty if every promise was kept. */
export interface PauseResult {
  readonly executed: number;
  /** Of the request that was paused, then of its repeats. */
  readonly answers: readonly string[];
  readonly states: readonly string[];
  readonly faults: readonly string[];
}

const TIMEOUT_MS = 300;
const SETTLE_MS = 60_000;
const REPEAT_EVERY_MS = 1_000;
const ADMIN_KEY = 'a-key-of-the-operator-of-this-run';
const ENVIRONMENT = {
  RECONCILIATION_SCHEDULE: ['1s,1s,1s,1s', ...Array.from({ length: 60 }, () => '5s')].join(),
  API_KEYS: `ops:${ADMIN_KEY}:admin`,
  API_AUTH: 'optional',
};
const STOP_AT_SYNC = fileURLToPath(new URL('stop-at-sync.js', import.meta.url));

/** One order, from the external's view. */
interface Order {
  /** Requests (`X-Request-Id`) that the external has executed. It does not know `Idempotency-Key`. */
  readonly executed: string[];
  /** Called when a request arrives, and before it is executed. */
  arrived?: (() => Promise<'execute' | 'break'>) | undefined;
  /** Called when a request was executed, before it is answered. */
  beforeAnswer?: (() => void) | undefined;
}

/** An external and a receiver that tell the truth, and on PostgreSQL a replica that is never paused. */
export class PauseSite {
  readonly #orders = new Map<string, Order>();
  #count = 0;
  /** One gateway starts at a time: together they would take longer than a start may. */
  #starting: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly external: StubExternal,
    private readonly receiver: TestReceiver,
    private readonly database: { readonly ledger: LedgerReader; readonly other: GatewayProcess } | undefined,
  ) {
    external.behave(async ({ method, url, headers, body }, response) => {
      if (method === 'GET') return this.#status(new URL(url, external.url).searchParams, response);
      const { shopTransactionId } = JSON.parse(body) as { shopTransactionId: string };
      const order = this.#orders.get(shopTransactionId)!;
      if ((await order.arrived?.()) === 'break') {
        response.destroy();
        return undefined;
      }
      order.executed.push(String(headers['x-request-id']));
      order.beforeAnswer?.();
      return { result: 'OK', paymentId: `pm-${shopTransactionId}-${order.executed.length}` };
    });
  }

  /** On SQLite without `postgresUrl`: then each round has a file of its own. */
  static async open(postgresUrl: string | undefined): Promise<PauseSite> {
    const external = await startStubExternal();
    const receiver = await startReceiver();
    if (postgresUrl === undefined) return new PauseSite(external, receiver, undefined);
    const ledger = await postgresLedger(postgresUrl);
    const env = { ...ENVIRONMENT, ...ledger.env, PAYMENT_CALLBACK_URL: receiver.url };
    const other = await startGatewayProcess({ externals: externalsAt(external.url), env });
    return new PauseSite(external, receiver, { ledger, other });
  }

  async close(): Promise<void> {
    await this.database?.other.dispose();
    await this.database?.ledger.dispose();
    await this.external.close();
    await this.receiver.stop();
  }

  /** Pauses a gateway in the middle of a payment, lets its caller repeat it meanwhile, and compares both ledgers. */
  async round({ place, seconds }: PauseRound): Promise<PauseResult> {
    const name = `order-${(this.#count += 1)}`;
    const order: Order = { executed: [] };
    this.#orders.set(name, order);
    const starting = this.#starting.then(() => this.#startPaused(place));
    this.#starting = starting.catch(() => {});
    const paused = await starting;
    try {
      const answers = await this.#pauseDuring(order, name, place, seconds, paused);
      if (place === 'sending') await this.#expectReopened(name, paused, order, answers.faults);
      const states = await this.#settled(paused, name);
      const { faults } = answers;
      if (order.executed.length > 1) faults.push(`executed ${order.executed.length} times`);
      const accepted = states.filter((state) => state === 'ACCEPTED').length;
      if (accepted !== order.executed.length) faults.push(`executed and not in the ledger: ${states.join()}`);
      return { executed: order.executed.length, answers: answers.texts, states, faults };
    } finally {
      await paused.dispose();
    }
  }

  #status(query: URLSearchParams, response: Parameters<typeof answerJson>[0]): object | undefined {
    const name =
      query.get('shopTransactionId') ?? /^pm-(.*)-\d+$/.exec(query.get('paymentId') ?? '')?.[1] ?? '';
    const executed = this.#orders.get(name)?.executed.length ?? 0;
    if (executed === 0) return answerJson(response, 404, { message: 'never seen' });
    return { status: 'ACCEPTED', paymentId: `pm-${name}-1` };
  }

  async #startPaused(place: Place): Promise<PausedGateway> {
    const externals = externalsAt(this.external.url);
    if (!this.database) {
      const env = {
        ...ENVIRONMENT,
        PAYMENT_CALLBACK_URL: this.receiver.url,
        STOP_AT_SYNC: place === 'committed' ? '1' : '2',
      };
      const gateway = await startGatewayProcess({ externals, env, imports: [STOP_AT_SYNC] });
      const ledger = sqliteLedger(gateway.databasePath);
      return { gateway, ledger, proxy: undefined, dispose: () => gateway.dispose() };
    }
    const { ledger } = this.database;
    const address = new URL(ledger.env['DATABASE_URL']!);
    const proxy = await new TcpProxy({ host: address.hostname, port: Number(address.port || 5432) }).open();
    address.host = `127.0.0.1:${proxy.port}`;
    const env = { ...ENVIRONMENT, ...ledger.env, DATABASE_URL: address.href, WORKERS: 'off' };
    const gateway = await startGatewayProcess({ externals, env });
    const dispose = async (): Promise<void> => {
      await gateway.dispose();
      await proxy.close();
    };
    return { gateway, ledger, proxy, dispose };
  }

  async #pauseDuring(
    order: Order,
    name: string,
    place: Place,
    seconds: number,
    { gateway, ledger, proxy }: PausedGateway,
  ): Promise<{ texts: string[]; faults: string[] }> {
    const stopped = Promise.withResolvers<void>();
    const resumed = Promise.withResolvers<void>();
    let done = false;
    const stop = (): void => {
      if (done) return;
      done = true;
      gateway.kill('SIGSTOP');
      stopped.resolve();
    };
    if (place === 'sending')
      order.arrived = async () => {
        order.arrived = undefined;
        stop();
        await resumed.promise;
        return 'break';
      };
    if (place === 'waiting') order.beforeAnswer = stop;
    if (place === 'committed' || place === 'recording') {
      if (proxy) stopAtStatement(proxy, place, order, stop);
      else {
        // The first payment with a key also stores what its fingerprint needs.
        this.#orders.set('first', { executed: [] });
        await this.#pay(gateway.url, 'first', 'first');
        await stopAtSync(gateway, stopped.resolve);
      }
    }
    const texts: string[] = [];
    const faults: string[] = [];
    const pay = async (url: string, attempt: number): Promise<Answer | undefined> => {
      const id = `${name}-${attempt}`;
      const answer = await this.#pay(url, name, id).catch(() => undefined);
      const told = answer
        ? `${answer.status} ${String(answer.body['code'] ?? answer.body['result'])}`
        : 'none';
      texts[attempt] = told;
      if (answer?.body['outcome'] === 'not-executed' && order.executed.includes(id))
        faults.push(`not-executed (${told}) was answered to a request that was executed`);
      return answer;
    };
    const first = pay(gateway.url, 0);
    await stopped.promise;
    const resumeAt = performance.now() + seconds * 1_000;
    const other = this.database?.other;
    // The payment was settled as never executed; whoever repeats it then, accepts what may remain of the first.
    const repeats = place !== 'sending';
    let paid = false;
    for (let attempt = 1; other && repeats && !paid && performance.now() < resumeAt; attempt += 1) {
      paid = (await pay(other.url, attempt))?.status === 200;
      await sleep(REPEAT_EVERY_MS);
    }
    const queued = other || !repeats ? undefined : pay(gateway.url, 1);
    if (!repeats) {
      const neverSeen = async (): Promise<boolean> => (await paymentsOf(ledger, name))[0]?.state === 'FAILED';
      await until(neverSeen, `${name} to be settled as never executed`, SETTLE_MS);
    }
    await sleep(Math.max(0, resumeAt - performance.now()));
    gateway.kill('SIGCONT');
    resumed.resolve();
    await Promise.all([first, queued]);
    return { texts, faults };
  }

  #pay(url: string, order: string, requestId: string): Promise<Answer> {
    return call(
      `${url}/v3/acme/pay`,
      'POST',
      { amount: 1, currency: 'EUR', shopTransactionId: order },
      { 'idempotency-key': order, 'x-request-id': requestId },
    );
  }

  /** Its outcome was not known in the end: the row must be open again although it was settled as never executed. */
  async #expectReopened(
    name: string,
    { gateway, ledger }: PausedGateway,
    order: Order,
    faults: string[],
  ): Promise<void> {
    const url = (this.database?.other ?? gateway).url;
    const attention = await call(`${url}/admin/attention?limit=200`, 'GET', undefined, {
      'x-api-key': ADMIN_KEY,
    });
    if (!attention.text.includes(name)) faults.push('not in the attention list');
    const [row] = await paymentsOf(ledger, name);
    if (row?.state !== 'UNKNOWN') faults.push(`settled, and not reopened: ${row?.state}`);
    const told = (): (string | undefined)[] =>
      this.receiver.received
        .map(({ body }) => JSON.parse(body) as { shopTransactionId: string; status: string })
        .filter(({ shopTransactionId }) => shopTransactionId === name)
        .map(({ status }) => status);
    await until(() => told().at(-1) === 'PENDING', `the notification of ${name}`, SETTLE_MS).catch(
      (error: unknown) => faults.push(`${String(error)}: ${told().join()}`),
    );
    // What was on the wire arrives at last.
    order.executed.push('late');
  }

  async #settled({ ledger }: PausedGateway, name: string): Promise<string[]> {
    let states: string[] = [];
    const settled = async (): Promise<boolean> => {
      states = (await paymentsOf(ledger, name)).map(({ state }) => state);
      return states.length > 0 && states.every((state) => state === 'ACCEPTED' || state === 'FAILED');
    };
    await until(settled, `${name} to be settled`, SETTLE_MS).catch(() => {});
    return states;
  }
}

interface PausedGateway {
  readonly gateway: GatewayProcess;
  readonly ledger: LedgerReader;
  readonly proxy: TcpProxy | undefined;
  dispose(): Promise<void>;
}

function externalsAt(baseUrl: string): object[] {
  return [{ externalService: 'acme', baseUrl, timeoutMs: TIMEOUT_MS, statusByShopTransactionId: true }];
}

function paymentsOf(ledger: LedgerReader, order: string): Promise<LedgerPayment[]> {
  return ledger.query(
    `select shop_transaction_id, payment_id, state from payments where shop_transaction_id = '${order}' order by id`,
  );
}

/** `committed` needs the first payment of a connection: later ones send the names of their statements only. */
function stopAtStatement(proxy: TcpProxy, place: Place, order: Order, stop: () => void): void {
  let begun = false;
  proxy.onRequest((bytes) => {
    const text = bytes.toString('latin1');
    begun ||= WRITES_OPERATION.test(text);
    if (place === 'recording' ? order.executed.length > 0 : begun && /commit/i.test(text)) stop();
    return 'forward';
  });
}

async function stopAtSync(gateway: GatewayProcess, stopped: () => void): Promise<void> {
  gateway.kill('SIGUSR2');
  await until(() => gateway.output().includes('armed\n'), 'the signal');
  void until(() => gateway.output().includes('stopped\n'), 'the pause').then(stopped);
}
