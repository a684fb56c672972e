import { Injectable } from '@nestjs/common';
import { type SelectQueryBuilder, sql } from 'kysely';
import type { NotificationRow, NotificationState } from '../../notifications/notification.table.js';
import type { DatabaseSchema } from '../../persistence/database.js';
import type { Trx } from '../../persistence/store.js';
import type { Keyset } from '../lists/keyset.js';
import { type Newest, newest, smallSet, type Source } from '../lists/newest.js';
import { QueryField } from '../../rules/field.js';
import { oneOf } from '../../rules/rule.js';
import { ownIdentifier } from '../../rules/rules.js';
import { ExternalFilter, TimeRangeQuery } from '../lists/list-query.js';
import { NOTIFICATION_STATES } from '../records/notification-record.js';

export class NotificationQuery extends TimeRangeQuery {
  @QueryField(oneOf(NOTIFICATION_STATES), { description: 'Notifications in this state.' })
  state?: NotificationState;

  @ExternalFilter()
  external?: string;

  @QueryField(ownIdentifier('pay'), {
    description: 'Notifications about this payment.',
    example: 'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10',
  })
  payment?: string;
}

/** What decides whether a notification belongs to a list: the rest of its row is long. */
const FILTERED = ['id', 'external', 'state', 'payment_ref'] as const;
type Filtered = Pick<NotificationRow, (typeof FILTERED)[number]>;
type Notifications = SelectQueryBuilder<DatabaseSchema, 'notifications', Filtered>;

@Injectable()
export class NotificationListRepository {
  async newest(db: Trx, filter: NotificationQuery, keyset: Keyset): Promise<Newest<NotificationRow>> {
    const all = db.selectFrom('notifications').select(FILTERED);
    const source = (await this.#indexed(all, filter, keyset)) ?? inOrder(all, keyset);
    const narrowed =
      filter.state !== undefined || filter.external !== undefined || filter.payment !== undefined;
    const found = await newest([source], {
      limit: keyset.limit,
      accepts: narrowed ? (row) => accepts(filter, row) : undefined,
    });
    return { rows: await this.#whole(db, found.rows), next: found.next };
  }

  /** Those that are DEAD have an index; those that wait or are on the wire, and those of one payment, are few. */
  async #indexed(
    all: Notifications,
    { payment, state }: NotificationQuery,
    keyset: Keyset,
  ): Promise<Source<Filtered> | undefined> {
    if (payment !== undefined) {
      const ofPayment = all.where('payment_ref', '=', payment);
      return (await few(ofPayment, keyset)) ?? inOrder(ofPayment, keyset);
    }
    if (state === 'DEAD') return inOrder(all.where('state', '=', sql.lit('DEAD')), keyset);
    if (state === 'LEASED') return few(all.where('lease_until', 'is not', null), keyset);
    if (state === 'PENDING' || state === 'RETRY')
      return few(all.where('next_attempt_at', 'is not', null), keyset);
    return undefined;
  }

  async #whole(db: Trx, found: readonly Filtered[]): Promise<NotificationRow[]> {
    if (found.length === 0) return [];
    const ids = found.map(({ id }) => id);
    const rows = await db.selectFrom('notifications').selectAll().where('id', 'in', ids).execute();
    return rows.toSorted((a, b) => (a.id < b.id ? 1 : -1));
  }
}

function inOrder(query: Notifications, { above, below }: Keyset): Source<Filtered> {
  const within = query.where('id', '>=', above).where('id', '<', below);
  return (limit) => within.orderBy('id', 'desc').limit(limit).execute();
}

/** Asked for without the range of ids: SQLite would take the primary key for it, and go over all of the table. */
function few(query: Notifications, { above, below }: Keyset): Promise<Source<Filtered> | undefined> {
  return smallSet(
    (limit) => query.limit(limit).execute(),
    ({ id }) => id >= above && id < below,
  );
}

function accepts(filter: NotificationQuery, row: Filtered): boolean {
  return (
    (filter.state ?? row.state) === row.state &&
    (filter.external ?? row.external) === row.external &&
    (filter.payment ?? row.payment_ref) === row.payment_ref
  );
}
