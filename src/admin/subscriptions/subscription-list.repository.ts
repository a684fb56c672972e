import { Injectable } from '@nestjs/common';
import { type SelectQueryBuilder, sql } from 'kysely';
import type { DatabaseSchema } from '../../persistence/database.js';
import type { Trx } from '../../persistence/store.js';
import type { SubscriptionState } from '../../subscriptions/subscription-state.js';
import type { SubscriptionRow } from '../../subscriptions/subscription.table.js';
import type { Keyset } from '../lists/keyset.js';
import { type Newest, newest, smallSet, type Source } from '../lists/newest.js';
import { QueryField } from '../../rules/field.js';
import { oneOf } from '../../rules/rule.js';
import { issuedIdentifier } from '../../rules/rules.js';
import { ExternalFilter, TimeRangeQuery } from '../lists/list-query.js';
import { SUBSCRIPTION_STATES } from '../records/subscription-record.js';

export class SubscriptionQuery extends TimeRangeQuery {
  @ExternalFilter()
  external?: string;

  @QueryField(oneOf(SUBSCRIPTION_STATES), { description: 'Subscriptions in this state.' })
  state?: SubscriptionState;

  @QueryField(issuedIdentifier, {
    description: 'The subscription with this token of the external.',
    example: 'sub_91c2',
  })
  subscriptionToken?: string;

  @QueryField(issuedIdentifier, {
    description: 'The subscription that was scheduled or started with this id of the shop.',
    example: 'order-1001',
  })
  shopTransactionId?: string;
}

type Subscriptions = SelectQueryBuilder<DatabaseSchema, 'subscriptions', SubscriptionRow>;

@Injectable()
export class SubscriptionListRepository {
  async newest(db: Trx, filter: SubscriptionQuery, keyset: Keyset): Promise<Newest<SubscriptionRow>> {
    const { limit } = keyset;
    const all = within(db.selectFrom('subscriptions').selectAll(), keyset);
    const sources = await this.#indexed(db, all, filter);
    if (sources) return newest(sources, { limit });
    return newest([inOrder(all)], { limit, accepts: (row) => accepts(filter, row) });
  }

  /** Every external that has subscriptions, be it configured or not: one step of the index each. */
  async externals(db: Trx): Promise<string[]> {
    const { rows } = await sql<{ name: string }>`
      with recursive known(name) as (
        select min(external) from subscriptions
        union all
        select (select min(external) from subscriptions where external > known.name)
        from known where known.name is not null
      )
      select name from known where name is not null`.execute(db);
    return rows.map(({ name }) => name);
  }

  /** Undefined where nothing narrows the list down. */
  async #indexed(
    db: Trx,
    all: Subscriptions,
    filter: SubscriptionQuery,
  ): Promise<Source<SubscriptionRow>[] | undefined> {
    const { subscriptionToken, shopTransactionId, external, state } = filter;
    const named =
      subscriptionToken !== undefined
        ? all.where('token', '=', subscriptionToken)
        : shopTransactionId !== undefined
          ? all.where('shop_transaction_id', '=', shopTransactionId)
          : undefined;
    if (named) {
      const few = await smallSet(
        (limit) => named.limit(limit).execute(),
        (row) => accepts(filter, row),
      );
      return few && [few];
    }
    if (external === undefined && state === undefined) return undefined;
    const externals = external === undefined ? await this.externals(db) : [external];
    const states = state === undefined ? SUBSCRIPTION_STATES : [state];
    return externals.flatMap((name) =>
      states.map((each) => inOrder(all.where('external', '=', name).where('state', '=', each))),
    );
  }
}

function within(query: Subscriptions, { above, below }: Keyset): Subscriptions {
  return query.where('id', '>=', above).where('id', '<', below);
}

function inOrder(query: Subscriptions): Source<SubscriptionRow> {
  return (limit) => query.orderBy('id', 'desc').limit(limit).execute();
}

function accepts(filter: SubscriptionQuery, row: SubscriptionRow): boolean {
  return (
    (filter.external ?? row.external) === row.external &&
    (filter.state ?? row.state) === row.state &&
    (filter.subscriptionToken ?? row.token) === row.token &&
    (filter.shopTransactionId ?? row.shop_transaction_id) === row.shop_transaction_id
  );
}
