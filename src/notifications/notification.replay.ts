import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit.log.js';
import type { Operator } from '../audit/operator.js';
import { Problem } from '../problems/problem.js';
import { Store } from '../persistence/store.js';
import { Clock } from '../shared/clock.js';
import { NotificationOutbox } from './notification.outbox.js';
import { NotificationRepository } from './notification.repository.js';
import type { NotificationRow } from './notification.table.js';
import { type ReplayFilter, ReplayRepository } from './replay.repository.js';

/** What a replay by filter did. */
export interface ReplayCount {
  readonly replayed: number;
  /** Matched, but superseded by a newer notification of the same subject to the same receiver, or on the wire now. */
  readonly skipped: number;
}

const BATCH = 500;
const IDENTIFIER = /^ntf_[0-9a-f-]{36}$/;

/**
 * Sends notifications again: same id, same body, a fresh timestamp and signature, the schedule from its start. Only
 * the receiver's newest of a subject: it never gets an older status after a newer one (SPEC §5), even if the newer one
 * is DEAD, for a receiver that failed to answer may have processed it. Those of a receiver that
 * is not configured wait until it is.
 */
@Injectable()
export class NotificationReplay {
  constructor(
    private readonly store: Store,
    private readonly notifications: NotificationRepository,
    private readonly replays: ReplayRepository,
    private readonly outbox: NotificationOutbox,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /** Throws `not-found`, or `conflict` if it must not be sent now. */
  async one(id: string, operator: Operator): Promise<Pick<NotificationRow, 'id' | 'state'>> {
    if (!IDENTIFIER.test(id)) throw refusal(undefined);
    const nowMs = this.clock.now();
    await this.store.transaction(async (trx) => {
      const [replayed] = await this.replays.requeue(trx, [id], operator.name, nowMs);
      if (replayed === undefined) throw refusal(await this.notifications.find(trx, id));
      await this.audit.append(trx, operator, { subject: id });
    });
    this.outbox.wake();
    return { id, state: 'PENDING' };
  }

  /** All that match at the start, in batches, each a transaction of its own. */
  async all(filter: ReplayFilter, operator: Operator): Promise<ReplayCount> {
    const toMs = Math.min(filter.toMs, this.clock.now());
    let replayed = 0;
    let matched = 0;
    let after: string | undefined;
    for (;;) {
      const batch = await this.store.read((db) =>
        this.replays.matching(db, { ...filter, toMs }, after, BATCH),
      );
      const newest = batch.filter((match) => match.newest === 1).map(({ id }) => id);
      const requeued = await this.store.transaction(async (trx) => {
        const ids = await this.replays.requeue(trx, newest, operator.name, this.clock.now());
        const change = `${ids.length} × ${filter.state} → PENDING`;
        if (ids.length > 0) await this.audit.append(trx, operator, { external: filter.external, change });
        return ids;
      });
      if (requeued.length > 0) this.outbox.wake();
      replayed += requeued.length;
      matched += batch.length;
      after = batch.at(-1)?.id;
      if (batch.length < BATCH) return { replayed, skipped: matched - replayed };
    }
  }
}

function refusal(row: NotificationRow | undefined): Problem {
  if (!row) return new Problem('not-found', 'There is no notification of this id.');
  if (row.newest === 1) return new Problem('conflict', 'The notification is being delivered at this moment.');
  return new Problem('conflict', 'There is a newer notification of the same subject: replay that one.');
}
