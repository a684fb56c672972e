import type { SeededRandom } from '../support/seeded-random.js';
import type { Stage } from './callers.js';
import { OPERATOR_SECRET } from './configuration.js';
import type { ExternalBook } from './external-book.js';
import { epochNow, sleep } from './platform.js';

/** Later than this after a deadline, no request is on the wire any more. */
const CERTAIN_AFTER_MS = 5_000;
/** A state may need one act after the other. */
const ROUNDS = 8;

interface Item {
  readonly kind: string;
  readonly id: string;
  readonly external: string;
  readonly state: string;
  readonly paymentId?: string;
  readonly shopTransactionId?: string;
}

interface Call {
  readonly idempotency_key: string;
  readonly deadline_at: number;
  /** It was recorded as not executed, and a later operation has its key: what the external has executed is that one. */
  readonly repeated: 0 | 1;
}

export interface OperatorStage extends Stage {
  readonly books: readonly ExternalBook[];
  count(what: string): void;
  query<T>(text: string): Promise<T[]>;
}

/** Works through `/admin/attention` by what the externals' support knows, which is their book. */
export class Operator {
  /** Orders about which something wrong was recorded for a while. */
  readonly misrecorded = new Set<string>();
  readonly #toCorrect = new Set<string>();

  constructor(private readonly stage: OperatorStage) {}

  async play(): Promise<void> {
    const { chance } = this.stage;
    for (let step = 0; this.stage.goesOn; step += 1) {
      const name = `operator.${step}`;
      const random = chance.of(name);
      await sleep(500 + random.below(2_500));
      if (!this.stage.goesOn) return;
      if (chance.happens(name)) await this.#act(name, random);
    }
  }

  /** Settles all that an operator can settle, once nothing fails any more. Returns what is left. */
  async settleAll(): Promise<readonly string[]> {
    const random = this.stage.chance.of('operator at the end');
    let left: readonly Item[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const id of this.#toCorrect) await this.#correct(random, id);
      const items = (await this.#attention(random)).filter(({ kind }) => SETTLED_HERE.has(kind));
      left = [...items, ...(await this.#refundsThatNobodyQueries())];
      if (left.length === 0) break;
      for (const item of left) await this.#settle(random, item, false);
      await sleep(2_000);
    }
    return left.map(({ kind, id, state }) => `${kind}: ${id} is ${state}`);
  }

  async #act(name: string, random: SeededRandom): Promise<void> {
    const draw = random.next();
    if (draw < 0.2) return this.#onSomePayment(random, 'check');
    if (draw < 0.3) return this.#onSomePayment(random, 'cancel', `key-${name}`);
    if (draw < 0.4) {
      await this.#post(random, 'notifications/replay', {});
      return;
    }
    for (const id of this.#toCorrect) await this.#correct(random, id);
    const items = await this.#attention(random);
    for (const item of random.shuffled(items).slice(0, 5))
      await this.#settle(random, item, random.next() < 0.3);
  }

  async #onSomePayment(random: SeededRandom, act: 'check' | 'cancel', key?: string): Promise<void> {
    const rows = await this.stage.query<{ id: string }>(
      `select id from payments where state in ('PENDING', 'UNKNOWN') order by id desc limit 5`,
    );
    const row = rows[random.below(rows.length || 1)];
    const body = key === undefined ? undefined : { reason: 'The customer gave up' };
    if (row) await this.#post(random, `payments/${row.id}/${act}`, body, key);
  }

  async #settle(random: SeededRandom, item: Item, mayErr: boolean): Promise<void> {
    const { kind, id, external } = item;
    const book = this.stage.books.find(({ name }) => name === external);
    if (!book) return;
    if (kind === 'notification-dead') await this.#post(random, `notifications/${id}/replay`, undefined);
    if (kind === 'payment-unknown' || kind === 'payment-parked')
      await this.#payment(random, book, item, mayErr);
    if (kind === 'refund-stuck') await this.#refund(random, book, item);
    if (kind === 'subscription-parked') await this.#subscription(random, book, item);
    if (kind === 'operation-unknown') await this.#operation(random, book, item);
  }

  async #payment(random: SeededRandom, book: ExternalBook, item: Item, mayErr: boolean): Promise<void> {
    const call = await this.#callOf('payment_ref', item.id);
    const payment = book.payments.get(item.paymentId ?? '') ?? book.paymentsByKey.get(keyOf(call));
    if (payment?.status === 'PENDING') return;
    if (payment) {
      const { status, paymentId, key } = payment;
      // The support names the earlier attempt of the order, whose id the ledger has: this one was never executed.
      const isEarlier = status === 'FAILED' && (await this.#isHeldByAnother(paymentId, item));
      const resolve = (): Promise<boolean> =>
        this.#resolve(random, 'payments', item, { status, ...(!isEarlier && { paymentId }) });
      await (status === 'FAILED' ? book.releaseWhile(key, resolve) : resolve());
    } else if (!isOver(call)) return;
    else if (mayErr) await this.#misrecord(random, item);
    else await this.#resolve(random, 'payments', item, { status: 'FAILED' });
  }

  async #refund(random: SeededRandom, book: ExternalBook, item: Item): Promise<void> {
    const call = await this.#callOf('refund_ref', item.id);
    const refund = book.refundsByKey.get(keyOf(call));
    if (refund?.status === 'PENDING' || (!refund && !isOver(call))) return;
    const resolve = (): Promise<boolean> =>
      this.#resolve(random, 'refunds', item, { status: refund?.status === 'ACCEPTED' ? 'OK' : 'KO' });
    await (refund?.status === 'FAILED' ? book.releaseWhile(refund.key, resolve) : resolve());
  }

  async #subscription(random: SeededRandom, book: ExternalBook, item: Item): Promise<void> {
    const call = await this.#callOf('subscription_ref', item.id);
    const subscription = book.subscriptionsByKey.get(keyOf(call));
    if (subscription?.status === 'PENDING' || (!subscription && !isOver(call))) return;
    const to = subscription
      ? { status: subscription.status, subscriptionToken: subscription.token }
      : { status: 'FAILED' };
    await this.#resolve(random, 'subscriptions', item, to);
  }

  async #operation(random: SeededRandom, book: ExternalBook, item: Item): Promise<void> {
    const call = await this.#callOf('id', item.id);
    if (!isOver(call)) return;
    const outcome = book.executions.has(keyOf(call)) ? 'executed' : 'not-executed';
    await this.#resolve(random, 'operations', item, { outcome });
  }

  /** Records that a payment was accepted that the external has never seen. */
  async #misrecord(random: SeededRandom, item: Item): Promise<void> {
    this.misrecorded.add(item.shopTransactionId ?? '');
    this.#toCorrect.add(item.id);
    this.stage.count('operator: something wrong recorded');
    await this.#resolve(random, 'payments', item, { status: 'ACCEPTED', paymentId: null });
  }

  async #correct(random: SeededRandom, id: string): Promise<void> {
    const answer = await this.#send(random, 'GET', `payments/${id}`);
    if (answer?.status !== 200) return;
    const { state, events } = JSON.parse(answer.body) as Detail;
    const wrong = events.findLast(({ source }) => source === 'operator');
    // A replica that was stopped with it may record it yet.
    if (state !== 'ACCEPTED' || !wrong) return;
    const body = { status: 'FAILED', reason: 'It was another order', corrects: wrong.id };
    const end = await this.#post(random, `payments/${id}/resolve`, body);
    if (end?.status !== 200) return;
    this.#toCorrect.delete(id);
    this.stage.count('operator: corrected');
  }

  /** False: it was refused. True also without an answer. */
  async #resolve(random: SeededRandom, table: string, { id }: Item, to: object): Promise<boolean> {
    const reason = 'The external’s support says so';
    const answer = await this.#post(random, `${table}/${id}/resolve`, { ...to, reason });
    if (answer?.status === 200) this.stage.count(`operator: resolved ${table}`);
    return answer === undefined || answer.status === 200;
  }

  /** The last operation of a row: the one whose key the external knows. */
  async #callOf(column: string, id: string): Promise<Call | undefined> {
    const rows = await this.stage.query<Call>(
      `select idempotency_key, deadline_at, exists (
          select 1 from operations later where later.external = first.external and later.operation = first.operation
            and later.idempotency_key = first.idempotency_key and later.id > first.id) as repeated
        from operations first where ${column} = '${id}' order by id limit 1`,
    );
    return rows[0];
  }

  async #isHeldByAnother(paymentId: string, { id }: Item): Promise<boolean> {
    const rows = await this.stage.query(
      `select 1 from payments where payment_id = '${paymentId}' and id <> '${id}'`,
    );
    return rows.length > 0;
  }

  async #attention(random: SeededRandom): Promise<readonly Item[]> {
    const answer = await this.#send(random, 'GET', 'attention?limit=200');
    return answer?.status === 200 ? (JSON.parse(answer.body) as { items: Item[] }).items : [];
  }

  /** They are items of attention after days only. */
  #refundsThatNobodyQueries(): Promise<readonly Item[]> {
    return this.stage.query<Item>(
      `select 'refund-stuck' as kind, id, external, state from refunds where state = 'PENDING' and next_ask_at is null`,
    );
  }

  #post(random: SeededRandom, path: string, body: object | undefined, key?: string) {
    return this.#send(random, 'POST', path, body, key);
  }

  async #send(random: SeededRandom, method: string, path: string, body?: object, key?: string) {
    const headers = { 'X-Api-Key': OPERATOR_SECRET, ...(key !== undefined && { 'Idempotency-Key': key }) };
    const answer = await this.stage.send(random, {
      method,
      path: `/admin/${path}`,
      headers,
      ...(body && { body }),
    });
    const act = path.replace(/[a-z]+_[\w-]+/, '{id}').replace(/\?.*/, '');
    this.stage.count(`operator: ${method} ${act} ${answer?.status ?? 'without an answer'}`);
    return answer;
  }
}

interface Detail {
  readonly state: string;
  readonly events: readonly { readonly id: string; readonly source: string }[];
}

const SETTLED_HERE: ReadonlySet<string> = new Set([
  'payment-unknown',
  'payment-parked',
  'refund-stuck',
  'subscription-parked',
  'operation-unknown',
  'notification-dead',
]);

/** By which the external's support finds what the operation has executed. */
function keyOf(call: Call | undefined): string {
  return call?.repeated === 0 ? call.idempotency_key : '';
}

function isOver(call: Call | undefined): boolean {
  return call !== undefined && epochNow() > call.deadline_at + CERTAIN_AFTER_MS;
}
