import { Injectable } from '@nestjs/common';
import { NotificationAttemptRepository } from '../../notifications/notification-attempt.repository.js';
import { StatusQueryLog } from '../../operations/status-query.log.js';
import { StatusQueryRepository } from '../../operations/status-query.repository.js';
import { Store, type Trx } from '../../persistence/store.js';
import { ExternalProviderRegistry } from '../../providers/external-provider.registry.js';
import { Clock } from '../../shared/clock.js';
import { keysetOf, type Page, pageOf } from '../lists/keyset.js';
import { subjectsOf } from '../records/subjects.js';
import type { AttentionCount } from '../summary/summary.js';
import { type AttentionItem, attentionItem, type AttentionRow } from './attention-item.js';
import { ATTENTION_LIST, type AttentionQuery } from './attention.list.js';
import { externalRows } from './external-attention.js';

/** What an operator must resolve, each item with what happened and the advice that follows (SPEC §4, §8). */
@Injectable()
export class Attention {
  constructor(
    private readonly store: Store,
    private readonly registry: ExternalProviderRegistry,
    private readonly log: StatusQueryLog,
    private readonly queries: StatusQueryRepository,
    private readonly attempts: NotificationAttemptRepository,
    private readonly clock: Clock,
  ) {}

  async page(query: AttentionQuery): Promise<Page<AttentionItem>> {
    const keyset = keysetOf('attention', undefined, query);
    await this.log.settled();
    const { rows, next, queries, deliveries, subjects } = await this.store.read(async (db) => {
      const page = await ATTENTION_LIST.newest(db, query, keyset, this.#externals(), this.clock.now());
      const refs = page.rows.map(({ ref }) => ref);
      const dead = page.rows.filter(({ kind }) => kind === 'notification-dead').map(({ ref }) => ref);
      return {
        ...page,
        queries: await this.queries.newest(db, refs),
        deliveries: await this.attempts.newest(db, dead),
        subjects: await subjectsOf(db, page.rows.map(subjectRefOf)),
      };
    });
    const items = rows.map((row) =>
      attentionItem(row, {
        config: this.registry.get(row.external)?.config,
        lastQuery: queries.get(row.ref),
        lastDelivery: deliveries.get(row.ref),
        subject: subjects.get(subjectRefOf(row) ?? ''),
      }),
    );
    return pageOf('attention', query, items, next);
  }

  counts(db: Trx): Promise<AttentionCount[]> {
    return ATTENTION_LIST.counts(db, this.#externals(), this.clock.now());
  }

  #externals(): AttentionRow[] {
    return externalRows(this.registry.all());
  }
}

/** What has its order elsewhere: a refund, and what a notification reports. */
function subjectRefOf({ ref, subject_ref }: AttentionRow): string | null | undefined {
  return ref.startsWith('ref_') ? ref : subject_ref;
}
