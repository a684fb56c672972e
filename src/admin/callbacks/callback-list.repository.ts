import { Injectable } from '@nestjs/common';
import { type SelectQueryBuilder, sql } from 'kysely';
import type { CallbackRow, CallbackState } from '../../callbacks/callback.table.js';
import type { DatabaseSchema } from '../../persistence/database.js';
import type { Trx } from '../../persistence/store.js';
import type { Keyset } from '../lists/keyset.js';
import { type Newest, newest, smallSet, type Source } from '../lists/newest.js';
import { QueryField } from '../../rules/field.js';
import { oneOf } from '../../rules/rule.js';
import { issuedIdentifier } from '../../rules/rules.js';
import { ExternalFilter, TimeRangeQuery } from '../lists/list-query.js';

export class CallbackQuery extends TimeRangeQuery {
  @QueryField(oneOf(['PENDING', 'LEASED', 'VERIFIED', 'UNCONFIRMED']), {
    description: 'Callbacks in this state.',
  })
  state?: CallbackState;

  @ExternalFilter()
  external?: string;

  @QueryField(issuedIdentifier, {
    description: 'Callbacks that name the payment with this `paymentId`.',
    example: 'pm_7f3a',
  })
  paymentId?: string;
}

/** What decides whether a callback belongs to a list: its body is long. */
const FILTERED = ['id', 'external', 'state', 'payment_id'] as const;
type Filtered = Pick<CallbackRow, (typeof FILTERED)[number]>;
type Callbacks = SelectQueryBuilder<DatabaseSchema, 'callbacks', Filtered>;

@Injectable()
export class CallbackListRepository {
  async newest(db: Trx, filter: CallbackQuery, keyset: Keyset): Promise<Newest<CallbackRow>> {
    const all = db.selectFrom('callbacks').select(FILTERED);
    const source = (await this.#indexed(all, filter, keyset)) ?? inOrder(all, keyset);
    const narrowed =
      filter.state !== undefined || filter.external !== undefined || filter.paymentId !== undefined;
    const found = await newest([source], {
      limit: keyset.limit,
      accepts: narrowed ? (row) => accepts(filter, row) : undefined,
    });
    return { rows: await this.#whole(db, found.rows), next: found.next };
  }

  /** Those that are UNCONFIRMED have an index; those that are open, and those about one payment, are few. */
  async #indexed(
    all: Callbacks,
    { paymentId, state }: CallbackQuery,
    keyset: Keyset,
  ): Promise<Source<Filtered> | undefined> {
    if (paymentId !== undefined) {
      const ofPayment = all.where('payment_id', '=', paymentId);
      return (await few(ofPayment, keyset)) ?? inOrder(ofPayment, keyset);
    }
    if (state === 'UNCONFIRMED') return inOrder(all.where('state', '=', sql.lit('UNCONFIRMED')), keyset);
    if (state === 'PENDING') return few(all.where('next_attempt_at', 'is not', null), keyset);
    if (state === 'LEASED') return few(all.where('lease_until', 'is not', null), keyset);
    return undefined;
  }

  async #whole(db: Trx, found: readonly Filtered[]): Promise<CallbackRow[]> {
    if (found.length === 0) return [];
    const ids = found.map(({ id }) => id);
    const rows = await db.selectFrom('callbacks').selectAll().where('id', 'in', ids).execute();
    return rows.toSorted((a, b) => (a.id < b.id ? 1 : -1));
  }
}

function inOrder(query: Callbacks, { above, below }: Keyset): Source<Filtered> {
  const within = query.where('id', '>=', above).where('id', '<', below);
  return (limit) => within.orderBy('id', 'desc').limit(limit).execute();
}

/** Asked for without the range of ids: SQLite would take the primary key for it, and go over all of the table. */
function few(query: Callbacks, { above, below }: Keyset): Promise<Source<Filtered> | undefined> {
  return smallSet(
    (limit) => query.limit(limit).execute(),
    ({ id }) => id >= above && id < below,
  );
}

function accepts(filter: CallbackQuery, row: Filtered): boolean {
  return (
    (filter.state ?? row.state) === row.state &&
    (filter.external ?? row.external) === row.external &&
    (filter.paymentId ?? row.payment_id) === row.payment_id
  );
}
