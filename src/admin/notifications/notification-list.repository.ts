import { Injectable } from '@nestjs/common';
import { type SelectQueryBuilder, sql } from 'kysely';
import type { NotificationRow } from '../../notifications/notification.table.js';
import type { DatabaseSchema } from '../../persistence/database.js';
import type { Trx } from '../../persistence/store.js';
import type { Keyset } from '../lists/keyset.js';
import { type Newest, newest, smallSet, type Source } from '../lists/newest.js';
import type { QueryOf } from '../lists/query-rule.js';
import { external, oneOf, ownId, PAGING, TIME_RANGE } from '../lists/query-rules.js';
import { NOTIFICATION_STATES } from '../records/notification-record.js';

export const NOTIFICATION_QUERY = {
  state: oneOf(NOTIFICATION_STATES, 'In this state.'),
  external,
  payment: ownId('pay', 'About this payment.'),
  ...TIME_RANGE,
  ...PAGING,
};

export type NotificationQuery = QueryOf<typeof NOTIFICATION_QUERY>;

/** What decides whether a notification belongs to a list: the rest of its row is long. */
const FILTERED = ['id', 'external', 'state', 'payment_ref'] as const;
type Filtered = Pick<NotificationRow, (typeof FILTERED)[number]>;
type Notifications = SelectQueryBuilder<DatabaseSchema, 'notifications', Filtered>;

@Injectable()
export class NotificationListRepository {
  async newest(db: Trx, filter: NotificationQuery, keyset: Keyset): Promise<Newest<NotificationRow>> {
    const all = within(db.selectFrom('notifications').select(FILTERED), keyset);
    const source = (await this.#indexed(all, filter)) ?? inOrder(all);
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
  ): Promise<Source<Filtered> | undefined> {
    if (payment !== undefined) {
      const ofPayment = all.where('payment_ref', '=', payment);
      return (await few(ofPayment)) ?? inOrder(ofPayment);
    }
    if (state === 'DEAD') return inOrder(all.where('state', '=', sql.lit('DEAD')));
    if (state === 'LEASED') return few(all.where('lease_until', 'is not', null));
    if (state === 'PENDING' || state === 'RETRY') return few(all.where('next_attempt_at', 'is not', null));
    return undefined;
  }

  async #whole(db: Trx, found: readonly Filtered[]): Promise<NotificationRow[]> {
    if (found.length === 0) return [];
    const ids = found.map(({ id }) => id);
    const rows = await db.selectFrom('notifications').selectAll().where('id', 'in', ids).execute();
    return rows.toSorted((a, b) => (a.id < b.id ? 1 : -1));
  }
}

function within(query: Notifications, { above, below }: Keyset): Notifications {
  return query.where('id', '>=', above).where('id', '<', below);
}

function inOrder(query: Notifications): Source<Filtered> {
  return (limit) => query.orderBy('id', 'desc').limit(limit).execute();
}

function few(query: Notifications): Promise<Source<Filtered> | undefined> {
  return smallSet((limit) => query.limit(limit).execute());
}

function accepts(filter: NotificationQuery, row: Filtered): boolean {
  return (
    (filter.state ?? row.state) === row.state &&
    (filter.external ?? row.external) === row.external &&
    (filter.payment ?? row.payment_ref) === row.payment_ref
  );
}
