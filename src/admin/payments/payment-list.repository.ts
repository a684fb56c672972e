import { Injectable } from '@nestjs/common';
import { type SelectQueryBuilder, sql } from 'kysely';
import type { PaymentState } from '../../payments/payment-state.js';
import type { PaymentRow } from '../../payments/payment.table.js';
import type { DatabaseSchema } from '../../persistence/database.js';
import type { Trx } from '../../persistence/store.js';
import type { Keyset } from '../lists/keyset.js';
import { type Newest, newest, smallSet, type Source } from '../lists/newest.js';
import {
  accepts,
  asksForAmounts,
  asksForNothing,
  FILTERED,
  type FilteredPayment,
  type PaymentQuery,
  READING_ORDER,
} from './payment-filter.js';

type FilteredQuery = SelectQueryBuilder<DatabaseSchema, 'payments', FilteredPayment>;

/** `payments_external_state` holds all others; a literal, so that the index is found. */
const SETTLED_OR_OPEN = sql<boolean>`state <> 'CREATED'`;

/** The payments that operators ask for, whichever way: each by an index, and by few of its entries. */
@Injectable()
export class PaymentListRepository {
  async newest(db: Trx, filter: PaymentQuery, keyset: Keyset): Promise<Newest<PaymentRow>> {
    const indexed = await this.#indexed(db, filter, keyset);
    const exact = (indexed !== undefined || asksForNothing(filter)) && !asksForAmounts(filter);
    const found = await newest(indexed ?? [byTime(db, keyset)], {
      limit: keyset.limit,
      accepts: exact ? undefined : (payment) => accepts(filter, payment),
    });
    const ids = found.rows.map(({ id }) => id);
    const rows = await this.#whole(db, ids);
    // One may have changed since it was found.
    return { rows: rows.filter((payment) => accepts(filter, payment)), next: found.next };
  }

  /** Every external that has payments, be it configured or not: one step of the index each. */
  async externals(db: Trx): Promise<string[]> {
    const { rows } = await sql<{ name: string }>`
      with recursive known(name) as (
        select min(external) from payments where ${SETTLED_OR_OPEN}
        union all
        select (select min(external) from payments where external > known.name and ${SETTLED_OR_OPEN})
        from known where known.name is not null
      )
      select name from known where name is not null`.execute(db);
    return rows.map(({ name }) => name);
  }

  /** Undefined where nothing narrows the list down. */
  async #indexed(
    db: Trx,
    filter: PaymentQuery,
    keyset: Keyset,
  ): Promise<Source<FilteredPayment>[] | undefined> {
    const named = this.#named(db, filter);
    if (named) {
      const few = await smallSet(
        (limit) => within(named, keyset).limit(limit).execute(),
        (payment) => accepts(filter, payment),
      );
      return few && [few];
    }
    if (filter.external === undefined && filter.state === undefined) return undefined;
    return this.#byExternalAndState(db, filter, keyset);
  }

  /** By the index that leads to the fewest. */
  #named(
    db: Trx,
    { paymentId, shopTransactionId, subscriptionToken }: PaymentQuery,
  ): FilteredQuery | undefined {
    const payments = db.selectFrom('payments').select(FILTERED);
    if (paymentId !== undefined) return payments.where('payment_id', '=', paymentId);
    if (shopTransactionId !== undefined) return payments.where('shop_transaction_id', '=', shopTransactionId);
    if (subscriptionToken !== undefined) return payments.where('subscription_token', '=', subscriptionToken);
    return undefined;
  }

  async #byExternalAndState(
    db: Trx,
    filter: PaymentQuery,
    keyset: Keyset,
  ): Promise<Source<FilteredPayment>[] | undefined> {
    const { external, state } = filter;
    const sources: Source<FilteredPayment>[] = [];
    const states = state === undefined ? READING_ORDER : [state];
    if (states.includes('CREATED')) {
      const created = await this.#created(db, filter, keyset);
      if (!created) return undefined;
      sources.push(created);
    }
    const indexed = states.filter((each) => each !== 'CREATED');
    if (indexed.length === 0) return sources;
    const externals = external === undefined ? await this.externals(db) : [external];
    for (const name of externals) {
      for (const each of indexed) sources.push(byExternalAndState(db, name, each, keyset));
    }
    return sources;
  }

  /** A payment is CREATED while its operation runs, and those that run are few. */
  #created(
    db: Trx,
    filter: PaymentQuery,
    { above, below }: Keyset,
  ): Promise<Source<FilteredPayment> | undefined> {
    return smallSet(
      async (limit) => {
        const running = await db
          .selectFrom('operations')
          .select('payment_ref')
          .where('state', '=', sql.lit('running'))
          .limit(limit)
          .execute();
        const ids = running.map(({ payment_ref }) => payment_ref).filter((ref) => ref !== null);
        if (ids.length === 0) return [];
        return db.selectFrom('payments').select(FILTERED).where('id', 'in', ids).execute();
      },
      (payment) =>
        payment.state === 'CREATED' && payment.id >= above && payment.id < below && accepts(filter, payment),
    );
  }

  async #whole(db: Trx, ids: readonly string[]): Promise<PaymentRow[]> {
    if (ids.length === 0) return [];
    const rows = await db.selectFrom('payments').selectAll().where('id', 'in', ids).execute();
    return rows.toSorted((a, b) => (a.id < b.id ? 1 : -1));
  }
}

function byTime(db: Trx, keyset: Keyset): Source<FilteredPayment> {
  return (limit) =>
    within(db.selectFrom('payments').select(FILTERED), keyset).orderBy('id', 'desc').limit(limit).execute();
}

function byExternalAndState(
  db: Trx,
  external: string,
  state: PaymentState,
  keyset: Keyset,
): Source<FilteredPayment> {
  const payments = db
    .selectFrom('payments')
    .select(FILTERED)
    .where('external', '=', external)
    .where('state', '=', state)
    .where(SETTLED_OR_OPEN);
  return (limit) => within(payments, keyset).orderBy('id', 'desc').limit(limit).execute();
}

function within(query: FilteredQuery, { above, below }: Keyset): FilteredQuery {
  return query.where('id', '>=', above).where('id', '<', below);
}
