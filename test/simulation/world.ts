import { createHash, type Hash } from 'node:crypto';
import { sql } from 'kysely';
import { loadConfig } from '../../src/config/load-config.js';
import { SqliteConnection } from '../../src/persistence/sqlite/sqlite.connection.js';
import { SqliteStore } from '../../src/persistence/sqlite/sqlite.store.js';
import { randomHex } from '../../src/shared/identifier.js';
import { SeededRandom } from '../support/seeded-random.js';
import { ExternalBook } from './external-book.js';
import * as platform from './platform.js';
import { type Answer, Replica } from './replica.js';
import { type Audited, CANARY, type History, type Received, type Told } from './history.js';
import { violationsOf } from './invariants.js';
import { connect, type Fate, type WireAnswer, type WireRequest } from './wire.js';

const RECEIVER = 'receiver.test';
const KEY = 'ab'.repeat(32);
const SECRET = `whsec_${Buffer.from('simulated receiver, 24 b').toString('base64')}`;
const SETTLE_LIMIT_MS = 600_000;
const CALLERS = 12;

export interface Settings {
  readonly seed: number;
  readonly operations: number;
  readonly replicas: number;
}

/** Plays one history: callers, externals and a receiver around real replicas, until all is quiet. */
export class World implements Audited {
  readonly random: SeededRandom;
  readonly books: readonly ExternalBook[];
  readonly told: Told[] = [];
  /** By subject; only what was acknowledged, in the order of arrival. */
  readonly received = new Map<string, Received[]>();
  readonly violations: string[] = [];
  readonly counts: Record<string, number> = {};
  readonly #hash: Hash = createHash('sha256');
  readonly #replicas: Replica[];
  store!: SqliteStore;
  #calm = false;
  #operations = 0;
  #callersLeft = CALLERS;

  constructor(readonly settings: Settings) {
    platform.begin(settings.seed);
    randomHex(4_096); // identifiers of an earlier history
    this.random = new SeededRandom(settings.seed ^ 0x5eed);
    this.books = [new ExternalBook('acme', true, this.random), new ExternalBook('bolt', false, this.random)];
    const path = platform.writeFile(
      'externals.json',
      JSON.stringify({ externalServices: this.books.map(entry) }),
    );
    const config = loadConfig({
      LOG_LEVEL: 'fatal',
      CONSOLE: 'off',
      DATABASE_URL: 'sqlite::memory:',
      EXTERNAL_PROVIDERS_CONFIG: path,
      FINGERPRINT_KEY: KEY,
      PAYMENT_CALLBACK_URL: `http://${RECEIVER}/`,
      NOTIFICATION_SECRET: SECRET,
      NOTIFICATION_SCHEDULE: '200ms,1s,2s,5s,10s,20s,30s,30s,30s,30s',
      RECONCILIATION_SCHEDULE: '1s,2s,5s,5s,10s,10s,20s,20s,30s,30s,30s,30s',
    });
    this.#replicas = Array.from(
      { length: settings.replicas },
      (_, i) =>
        new Replica(
          `replica-${i}`,
          () => config,
          () => this.store,
          (life, where) => this.#crash(life, where),
        ),
    );
    for (const book of this.books)
      book.onSettled = ({ paymentId }) => void this.#callback(book.name, paymentId);
  }

  async play(): Promise<History> {
    connect({
      fateOf: (request) => this.#fateOf(request),
      serve: (request) => this.#serve(request),
      crash: (life, where) => this.#crash(life, where),
    });
    const opening = new platform.Life('opening');
    this.store = (await platform.startWithin(opening, () => SqliteStore.open(':memory:')))!.store;
    const { prototype } = SqliteConnection;
    const run = Reflect.get(prototype, 'run');
    const executed = (text: string) => (text === 'commit' ? this.#committing() : text);
    prototype.run = function (this: SqliteConnection, text: string) {
      return Reflect.apply(run, this, [executed(text)]);
    };
    try {
      for (const replica of this.#replicas) await replica.start();
      for (let i = 0; i < CALLERS; i += 1) void this.#caller(i);
      const over = () => this.#callersLeft === 0 || this.violations.length > 0;
      while (!over()) {
        await platform.runUntil(() => over() || this.#starting.length > 0);
        await this.startReplicas();
      }
      this.#calm = true;
      for (const replica of this.#replicas) if (!replica.alive) await replica.start();
      await this.#quiet();
      if (this.violations.length === 0) this.violations.push(...(await this.#watch(violationsOf(this))));
    } finally {
      prototype.run = run;
      for (const replica of this.#replicas) replica.kill();
    }
    return {
      digest: this.#hash.digest('hex'),
      violations: this.violations,
      counts: this.counts,
    };
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  note(...line: readonly unknown[]): void {
    this.#hash.update(`${platform.virtualNow()} ${JSON.stringify(line)}\n`);
    if (process.env['SIMULATION_TRACE']) console.log(platform.virtualNow(), ...line);
  }

  /** Rows of the ledger, read between transactions. */
  query<T>(text: string): Promise<T[]> {
    return this.store.read(async (db) => (await sql.raw<T>(text).execute(db)).rows);
  }

  async #watch<T>(work: Promise<T>): Promise<T> {
    let ended = false;
    const result = work.finally(() => (ended = true));
    await platform.runUntil(() => ended, SETTLE_LIMIT_MS);
    return result;
  }

  /** Until no row has a future, or the limit is reached: what is open then is a violation of its own. */
  async #quiet(): Promise<void> {
    const open = `select (select count(*) from operations where state = 'running')
      + (select count(*) from payments where state in ('CREATED', 'PENDING', 'UNKNOWN') and parked_at is null)
      + (select count(*) from refunds where state in ('PENDING', 'UNKNOWN') and parked_at is null)
      + (select count(*) from callbacks where finished_at is null)
      + (select count(*) from notifications where next_attempt_at is not null or lease_until is not null) as open`;
    const settled = async () => {
      const end = platform.virtualNow() + SETTLE_LIMIT_MS;
      while (platform.virtualNow() < end) {
        const [row] = await this.query<{ open: number }>(open);
        if (row!.open === 0) return;
        await platform.sleep(2_000);
      }
    };
    await this.#watch(settled());
  }

  async #caller(number: number): Promise<void> {
    const orders: { external: string; paymentId: string; amount: number }[] = [];
    for (;;) {
      if (this.#operations >= this.settings.operations) break;
      const draw = this.random.next();
      const known = orders.length > 0 ? orders[this.random.below(orders.length)]! : undefined;
      if (known && draw < 0.2) await this.#refund(known);
      else if (known && draw < 0.25)
        await this.#change(known.external, 'cancel', '', { paymentId: known.paymentId });
      else if (known && draw < 0.35)
        await this.#send('GET', `/v3/${known.external}/status?paymentId=${known.paymentId}`, {}, undefined);
      else {
        const { name } = this.books[this.random.below(this.books.length)]!;
        const amount = 1 + this.random.below(10_000);
        const order = `order-${number}-${this.#operations}`;
        const answer = await this.#pay(name, order, amount);
        if (answer?.paymentId) orders.push({ external: name, paymentId: answer.paymentId, amount });
        if (orders.length > 20) orders.shift();
      }
      await platform.sleep(1 + this.random.below(100));
    }
    this.#callersLeft -= 1;
  }

  /** An impatient shop may order the same again, with another key. */
  async #pay(external: string, order: string, amount: number) {
    const body = { amount, currency: 'EUR', shopTransactionId: order, providerData: { card: CANARY } };
    const path = this.random.next() < 0.9 ? 'pay' : 'pay-by-link';
    const first = this.#change(external, path, order, body);
    if (this.random.next() < 0.1) await this.#change(external, path, order, body);
    return first;
  }

  async #refund({ external, paymentId, amount }: { external: string; paymentId: string; amount: number }) {
    const part = this.random.next() < 0.5 ? amount : 1 + this.random.below(amount);
    const twice = this.random.next() < 0.2;
    const body = { amount: part, currency: 'EUR', paymentId };
    const first = this.#change(external, 'refund', '', body);
    if (twice) await this.#change(external, 'refund', '', body);
    await first;
  }

  /** Repeats with the same key until there is an answer that is final, or patience ends. */
  async #change(external: string, path: string, order: string, body: object) {
    const key = `key-${this.random.below(2 ** 30)}-${this.#operations}`;
    const patience = 1 + this.random.below(5);
    let last: (Told['answer'] & { paymentId?: string }) | undefined;
    for (let attempt = 0; attempt < patience; attempt += 1) {
      const answer = await this.#send('POST', `/v3/${external}/${path}`, { 'Idempotency-Key': key }, body);
      if (answer) last = JSON.parse(answer.body) as typeof last;
      if (answer && (answer.status === 200 || last?.outcome === 'not-executed')) break;
      await platform.sleep(50 + this.random.below(1_500));
    }
    this.told.push({ external, key, path, order, answer: last });
    return last;
  }

  async #send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: object | undefined,
  ): Promise<Answer | undefined> {
    this.#operations += 1;
    const replica = this.#replicas[this.random.below(this.#replicas.length)]!;
    const limitMs = this.random.next() < 0.05 ? 1 + this.random.below(500) : 30_000;
    const answer = await replica.request(method, path, headers, body, limitMs);
    this.count(answer ? `answered ${answer.status}` : 'callers without an answer');
    this.note('answer', replica.name, method, path, answer?.status, answer?.body);
    return answer;
  }

  /** Early, late, doubled or never. */
  async #callback(external: string, paymentId: string): Promise<void> {
    for (let copies = this.random.below(3); copies > 0; copies -= 1) {
      await platform.sleep(1 + this.random.below(3_000));
      this.count('callbacks');
      const replica = this.#replicas[this.random.below(this.#replicas.length)]!;
      await replica.request('POST', `/v3/${external}/callback?paymentId=${paymentId}`, {}, {}, 10_000);
    }
  }

  #fateOf({ host }: WireRequest): Fate {
    const draw = this.#calm ? 1 : this.random.next();
    const drawn = FATES.find(([below]) => draw < below)?.[1] ?? 'answered';
    // A notification that arrives after its attempt has ended is no fault of the gateway: receivers go by the version.
    const kind = drawn === 'cut-early' && host === RECEIVER ? 'cut' : drawn;
    const requestMs = 1 + this.random.below(kind === 'cut-early' ? 1_800 : 20);
    const answerMs = this.random.next() < 0.02 ? this.random.below(4_000) : 1 + this.random.below(60);
    if (kind !== 'answered') this.count(`${host === RECEIVER ? 'notification' : 'exchange'} ${kind}`);
    return { kind, requestMs, answerMs };
  }

  #serve(request: WireRequest): WireAnswer {
    const answer = request.host === RECEIVER ? this.#receive(request) : this.#bookOf(request);
    const key = request.headers['idempotency-key'];
    this.note('served', request.method, request.url.href, key, request.body, answer.status, answer.body);
    return answer;
  }

  #bookOf(request: WireRequest): WireAnswer {
    const book = this.books.find(({ name }) => request.host === `${name}.test`)!;
    const draw = this.#calm ? 1 : this.random.next();
    // Before it is executed: a complete answer that says so.
    if (draw < 0.03) return OBSTACLES[this.random.below(OBSTACLES.length)]!;
    const answer = book.serve(request);
    // After: an answer that is worth nothing.
    if (draw < 0.07) return RUBBISH[this.random.below(RUBBISH.length)]!;
    return answer;
  }

  #receive({ headers, body }: WireRequest): WireAnswer {
    if (!this.#calm && this.random.next() < 0.1) return { status: 500, body: '' };
    const { paymentId, shopTransactionId, version, status } = JSON.parse(body) as Record<string, string> & {
      version: number;
    };
    const subject = paymentId ?? `order ${shopTransactionId ?? ''}`;
    const all = this.received.get(subject) ?? [];
    this.received.set(subject, all);
    const last = all.at(-1);
    const id = headers['webhook-id']!;
    if (last && version < last.version)
      this.violations.push(`${subject}: version ${version} after ${last.version}`);
    if (last && version === last.version && id !== last.id)
      this.violations.push(`${subject}: version ${version} under two ids`);
    all.push({ id, version, status: status! });
    this.count('notifications received');
    return { status: 204, body: '' };
  }

  #crash(life: platform.Life, where: string): boolean {
    if (life.dead) return true;
    if (this.#calm || this.random.next() >= 1 / 4_000) return false;
    this.count(`crash ${where}`);
    this.#kill(life);
    return true;
  }

  #kill(life: platform.Life): void {
    const replica = this.#replicas.find((each) => each.life === life)!;
    this.note('killed', replica.name);
    replica.kill();
    this.#startLater(replica);
  }

  #startLater(replica: Replica): void {
    const waitMs = 1 + this.random.below(2_000);
    platform.inWorld(() => setTimeout(() => this.#starting.push(replica), waitMs));
  }

  readonly #starting: Replica[] = [];

  /** A power cut ends all replicas at once; what its sync had not written is lost. */
  #committing(): 'commit' | 'rollback' {
    if (this.#calm || this.random.next() >= 1 / 4_000) return 'commit';
    const lost = this.random.next() < 0.5;
    this.count(lost ? 'power cuts that lost a commit' : 'power cuts after a commit');
    for (const replica of this.#replicas) if (replica.life && !replica.life.dead) this.#kill(replica.life);
    return lost ? 'rollback' : 'commit';
  }

  /** Starts whose time has come; time stands still meanwhile. */
  async startReplicas(): Promise<void> {
    for (let replica = this.#starting.shift(); replica; replica = this.#starting.shift()) {
      if (replica.alive) continue;
      await replica.start();
      this.note('started', replica.name);
    }
  }
}

/** How often the network fails, cumulated. */
const FATES: readonly (readonly [number, Fate['kind']])[] = [
  [0.02, 'refused'],
  [0.03, 'lost'],
  [0.045, 'silent'],
  [0.06, 'cut'],
  [0.07, 'cut-early'],
  [0.075, 'not-http'],
];

const OBSTACLES: readonly WireAnswer[] = [
  { status: 401, body: '{}' },
  { status: 403, body: '<h1>no</h1>' },
  { status: 405, body: '' },
  { status: 422, body: '{"detail":"no"}' },
  { status: 429, body: '{}', headers: { 'retry-after': '1' } },
];

const RUBBISH: readonly WireAnswer[] = [
  { status: 200, body: '<h1>It works</h1>' },
  { status: 200, body: '{"result":"PERHAPS"}' },
  { status: 200, body: `{"result":"OK","x":"${'x'.repeat(1_100_000)}"}` },
  { status: 302, body: '', headers: { location: '/elsewhere' } },
  { status: 409, body: '{}' },
  { status: 500, body: '{}' },
  { status: 503, body: '' },
  { status: 999, body: '' },
];

function entry({ name }: ExternalBook, index: number): object {
  return {
    externalService: name,
    baseUrl: `http://${name}.test`,
    timeoutMs: 2_000,
    honoursIdempotencyKey: index === 0,
    statusByShopTransactionId: true,
    operations: { 'refund/status': true, cancel: true },
    circuitBreaker: { failures: 20, windowMs: 10_000, openMs: 500 },
  };
}
