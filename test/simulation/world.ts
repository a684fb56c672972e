import { createHash, type Hash } from 'node:crypto';
import { sql } from 'kysely';
import { ConfigError } from '../../src/config/config-error.js';
import { SqliteConnection } from '../../src/persistence/sqlite/sqlite.connection.js';
import { SqliteStore } from '../../src/persistence/sqlite/sqlite.store.js';
import { randomHex } from '../../src/shared/identifier.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { Caller, type Sent } from './callers.js';
import { Chance } from './chance.js';
import {
  configuration,
  EXTERNALS,
  RECEIVERS,
  WATCH_MS,
  writeExternals,
  writeReceivers,
} from './configuration.js';
import { countStaleEnds } from './coverage.js';
import { disturb, type DisturbedStage } from './disturbances.js';
import { MISSED_WITHIN_MS, ExternalBook, type News } from './external-book.js';
import { Faults } from './faults.js';
import type { Audited, History, Received, Told, Violation } from './history.js';
import { violationsOf } from './invariants.js';
import { Operator, type OperatorStage } from './operator.js';
import * as platform from './platform.js';
import { type Answer, type Moments, Replica } from './replica.js';
import { connect, type Fate, type WireAnswer, type WireRequest } from './wire.js';

const SETTLE_LIMIT_MS = 1_200_000;
const CALLERS = 48;
const IMPATIENT = 0.05;
const PATIENCE_MS = 10_000;
/** Of each moment at which a replica may die. */
const CRASH = 1 / 5_000;
/** Of each commit: the replica stops before it, or after it. */
const STOP = 1 / 5_000;
/** Of each operation that is sent: its replica stops while it holds the attempt, for longer than others wait for it. */
const STOP_BEFORE_SENDING = 1 / 400;
const LONGEST_STOP_MS = 30_000;
/** Of each request: a clock that jumps while its connection is made. */
const JUMP_BEFORE_SENDING = 1 / 800;
const JUMP_MS = 3_600_000;
/** How many callbacks an external sends of one change, as likely as each other. */
const CALLBACKS = [0, 0, 0, 1, 1, 2];

export interface Settings {
  readonly seed: number;
  readonly operations: number;
  readonly replicas: number;
  /** Nothing else happens; see {@link Chance}. */
  readonly only?: ReadonlySet<string>;
  readonly recorded?: boolean;
}

/** Plays one history: callers, externals, receivers and operators around real replicas, until all is quiet. */
export class World implements Audited, OperatorStage, DisturbedStage {
  readonly chance: Chance;
  readonly books: readonly ExternalBook[];
  readonly replicas: readonly Replica[];
  readonly told: Told[] = [];
  readonly received: Received[] = [];
  readonly #operator = new Operator(this);
  readonly #faults: Faults;
  readonly #violations: Violation[] = [];
  readonly #counts: Record<string, number> = {};
  readonly #trace: string[] = [];
  readonly #hash: Hash = createHash('sha256');
  /** Random sources that are drawn from again and again. */
  readonly #sources = new Map<string, SeededRandom>();
  readonly #starting: Replica[] = [];
  #store!: SqliteStore;
  #operations = 0;
  /** Those who still wait for something wait for ever. */
  #ended = false;
  #callersLeft = CALLERS;

  constructor(private readonly settings: Settings) {
    platform.begin(settings.seed);
    randomHex(4_096); // identifiers of an earlier history
    this.chance = new Chance(settings.seed, settings.only);
    this.#faults = new Faults(this.chance, (what) => this.count(what));
    this.books = EXTERNALS.map(
      (name) => new ExternalBook(name, name !== 'bolt', (what) => this.chance.of(what)),
    );
    const config = configuration();
    const moments: Moments = {
      crash: (life, where) => this.#crash(life, where),
      stops: (life, where) => this.#stops(life, where, STOP),
    };
    this.replicas = Array.from(
      { length: settings.replicas },
      (_, i) =>
        new Replica(
          `replica-${i}`,
          () => config,
          () => this.#store,
          moments,
        ),
    );
    for (const book of this.books) {
      book.onNews = (news) => void this.#callback(book.name, news);
      book.onExecutedTwice = (key) =>
        this.#violations.push({
          invariant: 'no key is executed twice',
          detail: `${book.name} executed ${key} twice`,
        });
    }
  }

  get misrecorded(): ReadonlySet<string> {
    return this.#operator.misrecorded;
  }

  get goesOn(): boolean {
    return !this.#faults.calm && this.#operations < this.settings.operations;
  }

  async play(): Promise<History> {
    connect({
      fateOf: (request) => this.#fateOf(request),
      serve: (request) => this.#serve(request),
      crash: (life, where) => this.#crash(life, where),
      stopsBefore: (request, life) => this.#stopsBefore(request, life),
    });
    const opening = new platform.Life('opening');
    this.#store = (await platform.startWithin(opening, () => SqliteStore.open(':memory:')))!.store;
    const { prototype } = SqliteConnection;
    const run = Reflect.get(prototype, 'run');
    const executed = (text: string) => (text === 'commit' ? this.#committing() : text);
    prototype.run = function (this: SqliteConnection, text: string) {
      return Reflect.apply(run, this, [executed(text)]);
    };
    const countsNoMore = countStaleEnds((what) => this.count(what));
    try {
      for (const replica of this.replicas) await replica.start();
      await this.#playActors();
      if (this.#violations.length === 0) await this.#calmDown();
      if (this.#violations.length === 0)
        this.#violations.push(...(await this.#watch(violationsOf(this), PATIENCE_MS)));
    } finally {
      this.#ended = true;
      prototype.run = run;
      countsNoMore();
      for (const replica of this.replicas) {
        replica.kill();
        replica.dispose();
      }
      await platform.drained();
      await this.#store.close();
    }
    return {
      digest: this.#hash.digest('hex'),
      violations: this.#violations,
      counts: this.#counts,
      happened: this.chance.happened,
      operations: this.#operations,
      trace: this.#trace,
    };
  }

  count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
  }

  /** Rows of the ledger, read between transactions. */
  query<T>(text: string): Promise<T[]> {
    return platform.inWorld(() => this.#store.read(async (db) => (await sql.raw<T>(text).execute(db)).rows));
  }

  async send(random: SeededRandom, { method, path, headers = {}, body }: Sent): Promise<Answer | undefined> {
    this.#operations += 1;
    const replica = this.replicas[random.below(this.replicas.length)]!;
    const limitMs = random.next() < IMPATIENT && !this.#faults.calm ? 1 + random.below(500) : PATIENCE_MS;
    const answer = await replica.request(method, path, headers, body, limitMs);
    if (this.#ended) return new Promise(() => {});
    this.count(answer ? `answered ${answer.status}` : 'callers without an answer');
    this.#note('answer', replica.name, method, path, answer?.status, answer?.body);
    return answer;
  }

  isUnderWay(key: string): boolean {
    return this.replicas.some((replica) => replica.isUnderWay(key));
  }

  beginOutage(host: string, durationMs: number): void {
    this.#faults.outages.set(host, platform.virtualNow() + durationMs);
    this.#note('outage', host, durationMs);
  }

  async #playActors(): Promise<void> {
    for (let i = 0; i < CALLERS; i += 1) {
      void new Caller(this, i).play().then(() => (this.#callersLeft -= 1));
    }
    void this.#operator.play();
    disturb(this);
    const over = () => this.#callersLeft === 0 || this.#violations.length > 0;
    while (!over()) {
      await platform.runUntil(() => over() || this.#starting.length > 0);
      await this.#startReplicas();
    }
  }

  /** Nothing fails from now on; until nothing has a future and operators have done their part. */
  async #calmDown(): Promise<void> {
    this.#faults.calm = true;
    writeExternals();
    writeReceivers();
    for (const replica of this.replicas) if (!replica.alive) await replica.start();
    const settled = async () => {
      await platform.sleep(MISSED_WITHIN_MS + 2 * WATCH_MS);
      await this.#quiet();
      await this.#checkFutures();
      const left = await this.#operator.settleAll();
      await this.#quiet();
      return left;
    };
    const left = await this.#watch(settled(), 2 * SETTLE_LIMIT_MS);
    for (const detail of left)
      this.#violations.push({ invariant: 'operators can settle everything', detail });
  }

  /** What can be queried is left to no operator, unless it is parked. */
  async #checkFutures(): Promise<void> {
    const rows = await this.query<{ id: string; state: string }>(
      `select id, state from payments where state in ('CREATED', 'PENDING', 'UNKNOWN') and external <> 'crux'
        and next_ask_at is null and parked_at is null and claimed_payment_id is null`,
    );
    for (const { id, state } of rows)
      this.#violations.push({ invariant: 'every open row has a future', detail: `${id} is ${state}` });
  }

  async #watch<T>(work: Promise<T>, limitMs: number): Promise<T> {
    let ended = false;
    const result = work.finally(() => (ended = true));
    await platform.runUntil(() => ended, limitMs);
    return result;
  }

  /** Until no row has a future, or the limit is reached: what is open then is a violation of its own. */
  async #quiet(): Promise<void> {
    const open = `select (select count(*) from operations where state = 'running')
      + (select count(*) from payments where next_ask_at is not null)
      + (select count(*) from refunds where next_ask_at is not null)
      + (select count(*) from subscriptions where next_ask_at is not null)
      + (select count(*) from callbacks where finished_at is null)
      + (select count(*) from notifications where next_attempt_at is not null or lease_until is not null) as open`;
    const end = platform.virtualNow() + SETTLE_LIMIT_MS / 2;
    while (platform.virtualNow() < end) {
      const [row] = await this.query<{ open: number }>(open);
      if (row!.open === 0) return;
      await platform.sleep(2_000);
    }
  }

  /** Early, late, doubled or never. */
  async #callback(external: string, { key, ...named }: News): Promise<void> {
    const random = this.chance.of(this.chance.again(`callback of ${external} ${key}`));
    for (let copies = CALLBACKS[random.below(CALLBACKS.length)]!; copies > 0; copies -= 1) {
      await platform.sleep(1 + random.below(random.next() < 0.5 ? 20 : 3_000));
      this.count('callbacks');
      const replica = this.replicas[random.below(this.replicas.length)]!;
      const path = `/v3/${external}/callback`;
      if (random.next() < 0.5) await replica.request('POST', path, {}, named, 10_000);
      else
        await replica.request(
          'GET',
          `${path}?${new URLSearchParams(named).toString()}`,
          {},
          undefined,
          10_000,
        );
    }
  }

  #fateOf(request: WireRequest): Fate {
    const isReceiver = this.#receiverOf(request) !== undefined;
    if (!isReceiver && !this.#faults.calm) this.#maybeJump(request);
    const fate = this.#faults.fateOf(request, isReceiver, platform.virtualNow());
    if (fate.kind !== 'answered') this.#note(fate.kind, request.method, request.url.href);
    return fate;
  }

  /** The machine of the sender was asleep: its clock jumps before the request is sent. */
  #maybeJump({ url, headers }: WireRequest): void {
    const name = this.chance.again(`jump before ${url.href} ${headers['idempotency-key'] ?? ''}`);
    const replica = this.#replicaOf(platform.currentLife());
    if (!replica || this.chance.of(name).next() >= JUMP_BEFORE_SENDING || !this.chance.happens(name)) return;
    replica.clockStepMs += JUMP_MS;
    this.count('clocks jumped forward');
    this.#note('jump', replica.name);
  }

  #serve(request: WireRequest): WireAnswer {
    const receiver = this.#receiverOf(request);
    const book = this.books.find(({ name }) => request.host === `${name}.test`)!;
    const answer = receiver
      ? this.#receive(receiver, request)
      : this.#faults.answerTo(request, () => book.serve(request));
    const key = request.headers['idempotency-key'];
    this.#note('served', request.method, request.url.href, key, request.body, answer.status, answer.body);
    return answer;
  }

  #receiverOf({ host }: WireRequest): string | undefined {
    return RECEIVERS.find((name) => host === `${name}.test`);
  }

  #receive(receiver: string, request: WireRequest): WireAnswer {
    const refuses = () => ({ status: 500, body: '' });
    const name = this.chance.again(`receiver ${receiver} ${request.headers['webhook-id']}`);
    if (!this.#faults.calm && this.chance.of(name).next() < 0.1 && this.chance.happens(name))
      return refuses();
    const { version } = JSON.parse(request.body) as { version: number };
    this.received.push({ receiver, id: request.headers['webhook-id']!, version });
    this.count(`notifications received by ${receiver}`);
    return { status: 204, body: '' };
  }

  #crash(life: platform.Life, where: string): boolean {
    if (life.dead) return true;
    if (this.#sourceOf(`crashes of ${life.name}`).next() >= CRASH || this.#faults.calm) return false;
    if (!this.chance.happens(this.chance.again(`crash of ${life.name} ${where}`))) return false;
    this.count(`crashes ${where}`);
    this.#kill(this.#replicaOf(life)!);
    return true;
  }

  #stopsBefore({ headers }: WireRequest, life: platform.Life): boolean {
    const key = headers['idempotency-key'];
    if (key === undefined || !this.#stops(life, 'before a request is sent', STOP_BEFORE_SENDING))
      return false;
    this.#faults.troubled.add(key);
    return true;
  }

  #stops(life: platform.Life, where: string, probability: number): boolean {
    const replica = this.#replicaOf(life);
    // A start takes no time.
    if (!replica?.alive || this.#faults.calm) return false;
    if (this.#sourceOf(`stops of ${life.name} ${where}`).next() >= probability) return false;
    const name = this.chance.again(`stop of ${life.name} ${where}`);
    if (!this.chance.happens(name)) return false;
    replica.stop(500 + this.chance.of(name).below(LONGEST_STOP_MS));
    this.count(`replicas stopped ${where}`);
    this.#note('stopped', life.name, where);
    return true;
  }

  #sourceOf(name: string): SeededRandom {
    const source = this.#sources.get(name) ?? this.chance.of(name);
    this.#sources.set(name, source);
    return source;
  }

  #replicaOf(life: platform.Life): Replica | undefined {
    return this.replicas.find((each) => each.life === life);
  }

  #kill(replica: Replica): void {
    this.#note('killed', replica.name);
    replica.kill();
    this.#startLater(replica);
  }

  #startLater(replica: Replica): void {
    const waitMs = 1 + this.chance.of(this.chance.again(`start of ${replica.name}`)).below(2_000);
    platform.inWorld(() => setTimeout(() => this.#starting.push(replica), waitMs));
  }

  /** A power cut ends all replicas at once; what its sync had not written is lost. */
  #committing(): 'commit' | 'rollback' {
    if (this.#faults.calm) return 'commit';
    const source = this.#sourceOf('power cuts');
    if (source.next() >= CRASH || !this.chance.happens(this.chance.again('power cut'))) return 'commit';
    const lost = source.next() < 0.5;
    this.count(lost ? 'power cuts that lost a commit' : 'power cuts after a commit');
    for (const replica of this.replicas) if (replica.life && !replica.life.dead) this.#kill(replica);
    return lost ? 'rollback' : 'commit';
  }

  /** Starts whose time has come; time stands still meanwhile. */
  async #startReplicas(): Promise<void> {
    for (let replica = this.#starting.shift(); replica; replica = this.#starting.shift()) {
      if (replica.alive) continue;
      try {
        await replica.start();
        this.#note('started', replica.name);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        replica.kill();
        this.count('starts that the configuration prevents');
        this.#startLater(replica);
      }
    }
  }

  #note(...line: readonly unknown[]): void {
    const text = `${platform.virtualNow()} ${JSON.stringify(line)}`;
    this.#hash.update(`${text}\n`);
    if (this.settings.recorded) this.#trace.push(text.slice(0, 400));
  }
}
