import { FEED_TYPES, type FeedItem, type FeedPage } from '../../src/admin/feed/feed-item.js';
import { type FeedCursor, feedCursor } from '../../src/admin/feed/feed-position.js';
import { FeedRepository } from '../../src/admin/feed/feed.repository.js';
import { Feed, type FeedRequest } from '../../src/admin/feed/feed.service.js';
import { LedgerEventRepository } from '../../src/operations/ledger-event.repository.js';
import type { LedgerMetrics } from '../../src/operations/ledger.metrics.js';
import type { Store } from '../../src/persistence/store.js';
import { until } from './until.js';

/** Of a consumer that stays. */
export const NOBODY = new AbortController().signal;
const METRICS = { count: () => {} } as Pick<LedgerMetrics, 'count'> as LedgerMetrics;

/** A replica: its own feed, and its own writer of events. */
export interface Replica {
  readonly store: Store;
  readonly feed: Feed;
  readonly events: LedgerEventRepository;
}

export async function replicaOn(store: Store): Promise<Replica> {
  const events = new LedgerEventRepository(store, METRICS);
  await events.onModuleInit();
  return { store, events, feed: new Feed(store, new FeedRepository(store), events) };
}

/** Reads on as a consumer of `/admin/feed` does, and keeps the cursor. */
export class FeedConsumer {
  readonly items: FeedItem[] = [];
  #after: string | undefined;

  async read({ feed }: Replica, more: Partial<FeedRequest> = {}): Promise<FeedPage> {
    const after = this.#after === undefined ? undefined : (feedCursor.read(this.#after) as FeedCursor);
    const request = { after, types: new Set(FEED_TYPES), limit: 7, waitMs: 0, ...more };
    const page = await feed.page(request, NOBODY);
    this.items.push(...page.items);
    this.#after = page.nextCursor;
    return page;
  }

  /** Reads until it has each change of the ledger: transactions of other tests on the same PostgreSQL hold changes back. */
  async readAll(replica: Replica, more: Partial<FeedRequest> = {}): Promise<readonly FeedItem[]> {
    const isComplete = async (): Promise<boolean> => {
      while ((await this.read(replica, more)).items.length > 0);
      const stored = await replica.store.read((db) => db.selectFrom('ledger_events').select('id').execute());
      const known = new Set(this.items.map(({ id }) => id));
      return stored.every(({ id }) => known.has(id));
    };
    await until(isComplete, 'all changes', 60_000);
    return this.items;
  }
}
