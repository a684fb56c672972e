import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { openStore } from '../../src/persistence/open-store.js';
import { Secret } from '../../src/sensitive/secret.js';
import { type Answer, call } from '../support/client.js';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer.js';
import { PostgresCluster } from '../support/postgres-cluster.js';
import { answerJson, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

/** What happens to the primary: SIGKILL, SIGSTOP, or its packets are dropped without a reset. */
export const FAULTS = ['kill', 'stop', 'black hole'] as const;
export type Fault = (typeof FAULTS)[number];

/** What a round has shown. */
export interface FailoverResult {
  /** From the promotion, and from the fault, until each replica pays without a failure. */
  readonly flowsAfterPromotionMs: number;
  readonly flowsAfterFaultMs: number;
  readonly paid: number;
  readonly unanswered: number;
  /** Executed by the external, and not accepted in the ledger. */
  readonly lost: readonly string[];
  readonly twice: readonly string[];
  /** Executed, and the caller was told `not-executed`. */
  readonly untrue: readonly string[];
  /** Written to the old primary after the promotion, and after a pooler serves the promoted one. */
  readonly strayed: readonly string[];
  /** Sessions of the gateways at the old primary once it is back. */
  readonly strayedSessions: number;
}

/** How soon payments flow: within 3 s of the promotion, or within 5 s of a black hole, whose beginning no reset shows. */
export const FLOW_LIMITS = {
  kill: { since: 'promotion', limitMs: 3_000 },
  stop: { since: 'promotion', limitMs: 3_000 },
  'black hole': { since: 'fault', limitMs: 5_000 },
} as const satisfies Record<Fault, unknown>;

/** After how long payments flowed, since the moment from which the limit of this fault counts. */
export function flowsAfterMs(fault: Fault, result: FailoverResult): number {
  return FLOW_LIMITS[fault].since === 'promotion' ? result.flowsAfterPromotionMs : result.flowsAfterFaultMs;
}

/** The promises that were not kept. */
export function faultsOf(fault: Fault, result: FailoverResult): string[] {
  const { lost, twice, untrue, strayed, strayedSessions } = result;
  const late = flowsAfterMs(fault, result) > FLOW_LIMITS[fault].limitMs;
  return [
    ...(late ? ['payments flow too late'] : []),
    ...Object.entries({ lost, twice, untrue, strayed }).flatMap(([what, orders]) =>
      orders.length > 0 ? [`${what}: ${orders.join(', ')}`] : [],
    ),
    ...(strayedSessions > 0 ? [`${strayedSessions} sessions at the old primary`] : []),
  ];
}

const CALLERS = 8;
/** Between a caller's payments: failures are fast, and would otherwise take the machine. */
const PAUSE_MS = 10;
const EXTERNAL_MS = 15;
/** Payments in a row, of each replica, that show that it works. */
const RUN = 20;
const FLOW_LIMIT_MS = 40_000;
const SETTLE_LIMIT_MS = 90_000;
const SESSIONS_END_MS = 3_000;
/** Enough for two replicas in session mode. */
const POOLER_SESSIONS = 40;
const UNSTARTED = Infinity;

interface Order {
  readonly name: string;
  readonly replica: number;
  readonly beganAt: number;
  answer?: Answer;
}

/** Two replicas of the gateway on a primary and its synchronous standby, under load. Promotions swap the two. */
export class FailoverSite {
  readonly #executed = new Map<string, number>();
  readonly #orders: Order[] = [];
  /** Successes of each replica since its last failure, and when the first of them began. */
  readonly #runs = [0, 1].map(() => ({ length: 0, since: UNSTARTED }));
  #promoted = false;
  #calling = false;
  #callers: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly external: StubExternal,
    /** The primary first. */
    private readonly servers: [PostgresCluster, PostgresCluster],
    private readonly proxies: ReadonlyMap<PostgresCluster, TcpProxy>,
    readonly replicas: GatewayProcess[],
    private readonly databaseUrl: string,
    private readonly pooler: PgBouncer | undefined,
    private readonly start: () => Promise<GatewayProcess>,
  ) {
    external.behave(async ({ method, url, body }, response) => {
      if (method === 'GET') {
        const name = new URL(url, external.url).searchParams.get('shopTransactionId')!;
        if (!this.#executed.has(name)) return answerJson(response, 404, { message: 'never seen' });
        return { status: 'ACCEPTED', paymentId: `pm-${name}`, shopTransactionId: name };
      }
      const { shopTransactionId: name } = JSON.parse(body) as { shopTransactionId: string };
      this.#executed.set(name, (this.#executed.get(name) ?? 0) + 1);
      await sleep(EXTERNAL_MS);
      return { result: 'OK', paymentId: `pm-${name}` };
    });
  }

  /**
   * `built`: replicas of the program that `npm run build` made, else of the sources. `mode`: behind a PgBouncer, which has
   * one server at a time, and whose operator points it at the promoted one.
   */
  static async open({
    built,
    mode,
  }: {
    built: boolean;
    mode?: 'session' | 'transaction';
  }): Promise<FailoverSite> {
    const primary = await PostgresCluster.start();
    const standby = await PostgresCluster.follow(primary);
    const servers: [PostgresCluster, PostgresCluster] = [primary, standby];
    const proxies = new Map<PostgresCluster, TcpProxy>();
    for (const server of servers)
      proxies.set(server, await new TcpProxy({ host: '127.0.0.1', port: server.port }).open());
    const external = await startStubExternal();
    const hosts = servers.map((server) => `127.0.0.1:${proxies.get(server)!.port}`).join();
    const pooler = mode && (await startPgBouncer(urlOf(proxies.get(primary)!), mode, POOLER_SESSIONS));
    const databaseUrl =
      pooler?.url ?? `postgres://postgres@${hosts}/postgres?target_session_attrs=read-write`;
    const start = (): Promise<GatewayProcess> =>
      startGatewayProcess({
        built,
        externals: [{ externalService: 'acme', baseUrl: external.url, statusByShopTransactionId: true }],
        env: {
          DATABASE_URL: databaseUrl,
          RECONCILIATION_SCHEDULE: Array.from({ length: 60 }, () => '1s').join(),
          LOG_LEVEL: 'info',
        },
      });
    // One migrates.
    const replicas = [await start(), await start()];
    const site = new FailoverSite(external, servers, proxies, replicas, databaseUrl, pooler, start);
    await site.#replicate();
    return site;
  }

  async close(): Promise<void> {
    await this.#rest();
    for (const replica of this.replicas) await replica.dispose();
    await this.pooler?.stop();
    for (const proxy of this.proxies.values()) await proxy.close();
    for (const server of this.servers) {
      await server.kill();
      await server.dispose();
    }
    await this.external.close();
  }

  /** Breaks the primary under load, promotes the standby after `promoteAfterMs`, and lets the old primary come back. */
  async round(fault: Fault, promoteAfterMs: number): Promise<FailoverResult> {
    await this.#rebuild();
    const [, next] = this.servers;
    const before = this.#orders.length;
    await this.load();
    const faultAt = performance.now();
    await this.#break(fault);
    await sleep(promoteAfterMs);
    await next.promote();
    const promotedAt = performance.now();
    await this.pooler?.point(urlOf(this.proxies.get(next)!));
    const movedAt = performance.now();
    const flowsAt = await this.#flows(promotedAt);
    await this.#comeBack(fault);
    const strayedSessions = await this.#tempt();
    await this.#rest();
    await this.#settle();
    const orders = this.#orders.slice(before);
    const result: FailoverResult = {
      flowsAfterPromotionMs: flowsAt - promotedAt,
      flowsAfterFaultMs: flowsAt - faultAt,
      paid: orders.filter(({ answer }) => answer?.status === 200).length,
      unanswered: orders.filter(({ answer }) => !answer).length,
      strayedSessions,
      ...(await this.#audit(orders, movedAt)),
    };
    this.#promoted = true;
    return result;
  }

  /** Drops the packets of the primary, and ends a replica by SIGTERM before there is another primary. */
  async terminateInBlackHole(): Promise<{ code: number | null; afterMs: number; log: string }> {
    await this.#rebuild();
    await this.load();
    await this.#break('black hole');
    const [replica] = this.replicas as [GatewayProcess];
    const startedAt = performance.now();
    replica.kill('SIGTERM');
    const { code } = await replica.exit;
    const afterMs = performance.now() - startedAt;
    await this.#rest();
    await replica.dispose();
    const [old] = this.servers;
    const proxy = this.proxies.get(old)!;
    // TCP repeats what a hole has dropped. The proxy does not: PgBouncer would wait for answers to what was lost.
    await proxy.close();
    proxy.blackhole(false);
    await proxy.open();
    this.replicas[0] = await this.start();
    return { code, afterMs, log: replica.output() };
  }

  /** Starts the callers; resolves when each replica pays. */
  async load(): Promise<void> {
    if (!this.#calling) {
      this.#calling = true;
      this.#callers = Promise.all(Array.from({ length: CALLERS }, (_, n) => this.#call(n % 2)));
    }
    await this.#flows(performance.now());
  }

  async #call(replica: number): Promise<void> {
    const run = this.#runs[replica]!;
    while (this.#calling) {
      const answer = await this.#order(replica);
      if (answer?.status === 200) {
        if (run.length === 0) run.since = performance.now();
        run.length += 1;
      } else Object.assign(run, { length: 0, since: UNSTARTED });
      await sleep(PAUSE_MS);
    }
  }

  async #order(replica: number): Promise<Answer | undefined> {
    const order: Order = { name: `order-${this.#orders.length}`, replica, beganAt: performance.now() };
    this.#orders.push(order);
    const answer = await this.#pay(order);
    if (answer) order.answer = answer;
    return answer;
  }

  /** Under its key; undefined if the replica has closed the connection. */
  async #pay({ name, replica }: Order): Promise<Answer | undefined> {
    const body = { amount: 100, currency: 'EUR', shopTransactionId: name };
    try {
      return await call(`${this.replicas[replica]!.url}/v3/acme/pay`, 'POST', body, {
        'idempotency-key': name,
      });
    } catch {
      return undefined;
    }
  }

  /** When the first of a run of payments of each replica was answered; runs that began before `since` are not over. */
  async #flows(since: number): Promise<number> {
    for (const run of this.#runs) Object.assign(run, { length: 0, since: UNSTARTED });
    await until(() => this.#runs.every(({ length }) => length >= RUN), 'payments', FLOW_LIMIT_MS);
    return Math.max(since, ...this.#runs.map((run) => run.since));
  }

  async #break(fault: Fault): Promise<void> {
    const [primary] = this.servers;
    const proxy = this.proxies.get(primary)!;
    if (fault === 'stop') primary.signal('SIGSTOP');
    else if (fault === 'black hole') proxy.blackhole(true);
    else await Promise.all([primary.kill(), proxy.close()]);
  }

  /** The old primary is reachable, believes that it is the primary, and waits for no standby: nobody has fenced it. */
  async #comeBack(fault: Fault): Promise<void> {
    const [old] = this.servers;
    const proxy = this.proxies.get(old)!;
    if (fault === 'stop') old.signal('SIGCONT');
    else if (fault === 'black hole') proxy.blackhole(false);
    else {
      await old.boot();
      await proxy.open();
    }
    await old.commitTo('');
  }

  /**
   * Ends the sessions at the new primary, so that each replica opens others, and opens a store that has seen nothing.
   * Returns the number of sessions at the old primary.
   */
  async #tempt(): Promise<number> {
    const [old, next] = this.servers;
    await next.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tollgate'`,
    );
    const store = await openStore({
      kind: 'postgres',
      url: new Secret(this.databaseUrl),
      poolSize: 1,
      schema: undefined,
      // A pooler may have a session that has just ended.
      waitMs: 10_000,
    });
    const { rows } = await store.read((db) =>
      sql<{ port: string }>`select current_setting('port') as port`.execute(db),
    );
    await store.close();
    if (Number(rows[0]!.port) !== next.port) throw new Error('a new process writes to the old primary');
    await this.#flows(performance.now());
    // A search opens sessions that end at once.
    const left = async (): Promise<boolean> => (await old.sessions()) === 0;
    await until(left, 'no session', SESSIONS_END_MS).catch(() => {});
    return old.sessions();
  }

  async #rest(): Promise<void> {
    this.#calling = false;
    await this.#callers;
  }

  /** Callers repeat what they do not know; then the replicas find out what happened to the rest. */
  async #settle(): Promise<void> {
    for (const order of this.#orders) {
      if (!order.answer || order.answer.body['outcome'] === 'unknown') await this.#pay(order);
    }
    const [, ledger] = this.servers;
    await until(
      async () => {
        const open = await ledger.query(
          `select 1 from payments where state in ('CREATED', 'PENDING', 'UNKNOWN') limit 1`,
        );
        return open.length === 0;
      },
      'every payment to be settled',
      SETTLE_LIMIT_MS,
    );
  }

  async #audit(
    orders: readonly Order[],
    movedAt: number,
  ): Promise<Pick<FailoverResult, 'lost' | 'twice' | 'untrue' | 'strayed'>> {
    const [old, ledger] = this.servers;
    const names = async (server: PostgresCluster, state: string): Promise<ReadonlySet<string>> => {
      const rows = await server.query<{ name: string }>(
        `select shop_transaction_id as name from payments where state ~ '${state}'`,
      );
      return new Set(rows.map(({ name }) => name));
    };
    const accepted = await names(ledger, 'ACCEPTED');
    const atOld = await names(old, '');
    const executed = (name: string): boolean => this.#executed.has(name);
    const all = orders.map(({ name }) => name);
    return {
      lost: orders
        .filter(({ name, answer }) => (executed(name) || answer?.status === 200) && !accepted.has(name))
        .map(({ name }) => name),
      twice: all.filter((name) => (this.#executed.get(name) ?? 0) > 1),
      untrue: orders
        .filter(({ name, answer }) => answer?.body['outcome'] === 'not-executed' && executed(name))
        .map(({ name }) => name),
      strayed: orders
        .filter(({ name, beganAt }) => beganAt > movedAt && atOld.has(name))
        .map(({ name }) => name),
    };
  }

  /** After a promotion: the old primary becomes the synchronous standby of the new one. */
  async #rebuild(): Promise<void> {
    if (!this.#promoted) return;
    this.#promoted = false;
    this.servers.reverse();
    const [primary, standby] = this.servers;
    await standby.follow(primary);
    await this.#replicate();
  }

  async #replicate(): Promise<void> {
    const [primary] = this.servers;
    await primary.commitTo('*');
    await until(
      async () => {
        const rows = await primary.query(`select 1 from pg_stat_replication where sync_state = 'sync'`);
        return rows.length === 1;
      },
      'the standby to be synchronous',
      20_000,
    );
  }
}

function urlOf({ port }: TcpProxy): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}
