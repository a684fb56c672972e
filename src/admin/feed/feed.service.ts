import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { invalid } from '../../http/request-parameters.js';
import { currentScope } from '../../observability/request-scope.js';
import { LedgerEventRepository } from '../../operations/ledger-event.repository.js';
import { FEED_ID, type LedgerEventRow } from '../../operations/ledger-event.table.js';
import { readSetting } from '../../persistence/settings.js';
import { Store, type Trx } from '../../persistence/store.js';
import { randomHex } from '../../shared/identifier.js';
import { BEGINNING, cursorText, type FeedCursor, type FeedPosition } from './feed-position.js';
import { feedItem, type FeedPage, type FeedSubjects, type FeedType, feedTypeOf } from './feed-item.js';
import { FeedRepository } from './feed.repository.js';

/** How soon a waiting request sees a change of another replica; those of its own process wake it. */
const POLL_MS = 500;
/** Requests that wait at the same time; further ones are answered at once. */
const MAX_WAITING = 64;
/** Slices that one answer reads to find a change of the wanted types. */
const MAX_SLICES = 20;

export interface FeedRequest {
  /** Undefined: from the first change on. */
  readonly after: FeedCursor | undefined;
  readonly types: ReadonlySet<FeedType>;
  readonly limit: number;
  /** How long to wait for a change if there is none. */
  readonly waitMs: number;
}

/** All changes of payments, refunds and subscriptions, for consumers that keep the cursor (SPEC §10). */
@Injectable()
export class Feed implements BeforeApplicationShutdown {
  readonly #waiting = new Set<() => void>();
  #closing = false;

  constructor(
    private readonly store: Store,
    private readonly events: FeedRepository,
    ledger: LedgerEventRepository,
  ) {
    ledger.onChange = () => this.#wake();
  }

  /**
   * @param gone whether the consumer has closed its connection
   * @throws Problem `validation-failed` for a cursor of another ledger
   */
  async page({ after, types, limit, waitMs }: FeedRequest, gone: AbortSignal): Promise<FeedPage> {
    const feed = await this.#identity();
    await this.#assertOwn(after, feed);
    const deadline = performance.now() + waitMs;
    let at = after?.at ?? BEGINNING;
    for (let slices = 0; ;) {
      const { items, next, isEnd } = await this.store.read((db) => this.#read(db, at, types, limit));
      at = next;
      slices += 1;
      const nextCursor = cursorText({ feed, at });
      if (items.length > 0 || (!isEnd && slices >= MAX_SLICES)) return { items, nextCursor };
      const leftMs = deadline - performance.now();
      if (isEnd && (leftMs <= 0 || !(await this.#wait(Math.min(leftMs, POLL_MS), gone))))
        return { items, nextCursor };
    }
  }

  async #read(
    db: Trx,
    at: FeedPosition,
    types: FeedRequest['types'],
    limit: number,
  ): Promise<{ readonly items: FeedPage['items']; readonly next: FeedPosition; readonly isEnd: boolean }> {
    const { events, next } = await this.events.slice(db, at, limit);
    const wanted = events.filter((event) => types.has(feedTypeOf(event)));
    const subjects = await subjectsOf(db, wanted);
    return { items: wanted.map((event) => feedItem(event, subjects)), next, isEnd: events.length === 0 };
  }

  /** False: no more waiting, since too many wait, the consumer has gone, or the process ends. */
  async #wait(ms: number, gone: AbortSignal): Promise<boolean> {
    if (this.#waiting.size >= MAX_WAITING || this.#closing || gone.aborted) return false;
    const admitted = currentScope()?.admitted;
    admitted?.beginWait();
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        gone.removeEventListener('abort', end);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      gone.addEventListener('abort', end);
      this.#waiting.add(end);
    });
    admitted?.endWait();
    return !this.#closing && !gone.aborted;
  }

  #wake(): void {
    for (const end of this.#waiting) end();
  }

  beforeApplicationShutdown(): void {
    this.#closing = true;
    this.#wake();
  }

  /** Of this ledger, until it is restored from a backup. */
  async #identity(): Promise<string> {
    const known = await this.store.read((db) => readSetting(db, FEED_ID));
    if (known !== undefined) return known;
    return this.store.transaction(async (trx) => {
      const value = randomHex(8);
      await trx
        .insertInto('settings')
        .values({ key: FEED_ID, value })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      return (await readSetting(trx, FEED_ID))!;
    });
  }

  async #assertOwn(after: FeedCursor | undefined, feed: string): Promise<void> {
    if (after === undefined) return;
    const { at } = after;
    if (after.feed === feed && !(await this.store.read((db) => this.events.isInFuture(db, at)))) return;
    throw invalid(
      '/query/after',
      'is a cursor of another ledger, or of this one before it was restored: begin without it, and skip the ids that you have',
    );
  }
}

async function subjectsOf(db: Trx, events: readonly LedgerEventRow[]): Promise<FeedSubjects> {
  return {
    payments: await rowsById(db, 'payments', events, 'payment_ref'),
    refunds: await rowsById(db, 'refunds', events, 'refund_ref'),
    subscriptions: await rowsById(db, 'subscriptions', events, 'subscription_ref'),
  } as FeedSubjects;
}

async function rowsById(
  db: Trx,
  table: 'payments' | 'refunds' | 'subscriptions',
  events: readonly LedgerEventRow[],
  column: 'payment_ref' | 'refund_ref' | 'subscription_ref',
): Promise<ReadonlyMap<string, object>> {
  const ids = [...new Set(events.map((event) => event[column]).filter((id) => id !== null))];
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom(table as 'payments')
    .selectAll()
    .where('id', 'in', ids)
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}
