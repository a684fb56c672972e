import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import { sql } from 'kysely';
import type { OperationAnswer } from '../../src/http/http-answer.js';
import { PaymentsService } from '../../src/payments/payments.service.js';
import { type JournalResult, Store } from '../../src/persistence/store.js';
import { Problem } from '../../src/problems/problem.js';
import { ExternalProviderRegistry } from '../../src/providers/external-provider.registry.js';
import { type Answer, call } from './client.js';
import type { DatabasePlace } from './databases.js';
import { fingerprintKey, type Gateway, startGateway } from './gateway.js';
import { answerJson, startStubExternal, type StubExternal } from './stub-external.js';

export const NEIGHBOURS = 5;

export interface Ended {
  readonly status: number;
  readonly code: string | undefined;
  readonly outcome: string | undefined;
  readonly replayed: boolean;
}

export const PAID: Ended = { status: 200, code: undefined, outcome: undefined, replayed: false };
let orders = 0;

/** A gateway whose external answers once the test releases it, and what became of the entries of its journal. */
export class ConcurrentPayments {
  readonly #held = new Map<string, Promise<void>>();
  readonly #answers = new Map<string, { readonly status: number; readonly body: object }>();
  readonly #gathered: (() => void)[] = [];
  #gather = 0;
  /** How many transactions or entries each commit had. */
  readonly commits: number[] = [];
  /** What became of the entries. */
  readonly appended: JournalResult[] = [];
  readonly store: Store;

  private constructor(
    readonly gateway: Gateway,
    readonly external: StubExternal,
  ) {
    this.store = gateway.app.get(Store);
    const append = this.store.append.bind(this.store);
    this.store.append = async (entry) => {
      if (this.#gather > 0) await this.#turn();
      const result = await append(entry);
      this.appended.push(result);
      return result;
    };
    const { onCommit } = this.store;
    this.store.onCommit = (durationMs, transactions) => {
      this.commits.push(transactions);
      onCommit?.(durationMs, transactions);
    };
  }

  static async start(
    database?: Readonly<Record<string, string>>,
    operations: Readonly<Record<string, boolean>> = {},
  ): Promise<ConcurrentPayments> {
    const external = await startStubExternal();
    const gateway = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url, timeoutMs: 15_000, operations }],
      env: { API_AUTH: 'optional', WORKERS: 'off' },
      ...(database && { database }),
    });
    const payments = new ConcurrentPayments(gateway, external);
    external.behave(async ({ method, body, url }, response) => {
      const namedIn = (text: string): boolean => body.includes(`"${text}"`) || url.endsWith(`/${text}`);
      await find(payments.#held, namedIn);
      const answer = find(payments.#answers, namedIn);
      if (answer) return answerJson(response, answer.status, answer.body);
      if (url.includes('subscription'))
        return { result: 'OK', paymentId: `pm-sub-${(orders += 1)}`, subscriptionToken: 'sub-1' };
      if (method === 'GET') return { status: 'ACCEPTED', shopTransactionId: url.split('pm-')[1] };
      if (url.includes('refund') || url.includes('cancel')) return { result: 'OK' };
      const { shopTransactionId } = JSON.parse(body) as { shopTransactionId: string };
      return { result: 'OK', paymentId: `pm-${shopTransactionId}`, link: 'https://pay.example/l' };
    });
    return payments;
  }

  /** On the database of `place`. */
  static startAt(
    { config }: DatabasePlace,
    operations?: Readonly<Record<string, boolean>>,
  ): Promise<ConcurrentPayments> {
    return ConcurrentPayments.start(
      config.kind === 'sqlite'
        ? { DATABASE_URL: `sqlite:${config.path}` }
        : {
            DATABASE_URL: config.url.reveal(),
            DATABASE_SCHEMA: config.schema!,
            FINGERPRINT_KEY: fingerprintKey(),
          },
      operations,
    );
  }

  async close(): Promise<void> {
    await this.gateway.close();
    await this.external.close();
  }

  /** Forgets earlier commits and entries. */
  clear(): void {
    this.commits.length = 0;
    this.appended.length = 0;
  }

  /** Pays as a controller does. Payments of one turn of the event loop begin in one batch. */
  async pay(order: string, key: string | null = randomUUID()): Promise<Ended> {
    const provider = this.gateway.app.get(ExternalProviderRegistry).get('acme')!;
    const body = { amount: 1299, currency: 'EUR', shopTransactionId: order };
    const context = {
      caller: 'shop',
      requestId: randomUUID(),
      traceparent: undefined,
      idempotencyKey: key ?? undefined,
      instance: '/v3/acme/pay',
    };
    try {
      const answer: OperationAnswer = await this.gateway.app
        .get(PaymentsService)
        .pay(provider, body, context);
      return { ...PAID, replayed: answer.replayed };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { ...PAID, status: 0, code: error.code, outcome: error.outcome };
    }
  }

  neighbours(): Promise<Ended[]> {
    return Promise.all(Array.from({ length: NEIGHBOURS }, () => this.pay(newOrder())));
  }

  /** Any operation, over HTTP. */
  send(operation: string, body: object | undefined, method = 'POST'): Promise<Answer> {
    return call(`${this.gateway.url}/v3/acme/${operation}`, method, body, {
      'idempotency-key': randomUUID(),
    });
  }

  /** The external answers requests that name one of these orders or ids once the returned function is called. */
  hold(...held: readonly string[]): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const name of held) this.#held.set(name, promise);
    return resolve;
  }

  /** The external's answer to requests that name this order or id. */
  answer(name: string, body: object, status = 200): void {
    this.#answers.set(name, { status, body });
  }

  /** The next entries of the journal, so many of them, share one batch. */
  gather(entries: number): void {
    if (this.store.journals) this.#gather = entries;
  }

  calls(order: string): number {
    return this.external.requests.filter(
      ({ method, body }) => method === 'POST' && body.includes(`"${order}"`),
    ).length;
  }

  async query<Row>(text: ReturnType<typeof sql>): Promise<Row[]> {
    const { rows } = await this.store.read((db) => text.execute(db));
    return rows as Row[];
  }

  async rows(order: string): Promise<unknown[]> {
    const rows = await this.query<Record<'state' | 'payment_id' | 'operation', string>>(
      sql`select payments.state, payments.payment_id, operations.state as operation
        from payments left join operations on operations.payment_ref = payments.id
        where payments.shop_transaction_id = ${order} order by operations.id`,
    );
    return rows.map(({ state, payment_id, operation }) => [state, payment_id, operation]);
  }

  async events(order: string): Promise<unknown[]> {
    const rows = await this.query<Record<'before' | 'after' | 'source', string>>(
      sql`select before, after, source from ledger_events
        join payments on payments.id = ledger_events.payment_ref
        where payments.shop_transaction_id = ${order} order by ledger_events.id`,
    );
    return rows.map(({ before, after, source }) => [before, after, source]);
  }

  /** Paid once, with its rows. */
  async expectPaid(order: string): Promise<void> {
    expect(await this.rows(order)).toEqual([['ACCEPTED', `pm-${order}`, 'completed']]);
    expect(await this.events(order)).toEqual([['CREATED', 'ACCEPTED', 'call']]);
    expect(this.calls(order)).toBe(1);
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#gathered.push(resolve);
      if (this.#gathered.length < this.#gather) return;
      this.#gather = 0;
      for (const proceed of this.#gathered.splice(0)) proceed();
    });
  }
}

export function newOrder(): string {
  orders += 1;
  return `order-${orders}`;
}

function find<Value>(
  values: ReadonlyMap<string, Value>,
  isNamed: (name: string) => boolean,
): Value | undefined {
  for (const [name, value] of values) if (isNamed(name)) return value;
  return undefined;
}
