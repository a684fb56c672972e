import { orderKey } from '../../payments/order-key.js';
import type { SubscriptionState } from '../../subscriptions/subscription-state.js';
import type { SubscriptionRow } from '../../subscriptions/subscription.table.js';
import { QueryField } from '../../rules/field.js';
import { oneOf } from '../../rules/rule.js';
import { issuedIdentifier } from '../../rules/rules.js';
import { externalsIn, KeysetList } from '../lists/keyset-list.js';
import { ExternalFilter, TimeRangeQuery } from '../lists/list-query.js';
import {
  SUBSCRIPTION_STATES,
  type SubscriptionRecord,
  subscriptionRecord,
} from '../records/subscription-record.js';

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

export const SUBSCRIPTION_LIST = new KeysetList<SubscriptionQuery, SubscriptionRow, SubscriptionRecord>({
  table: 'subscriptions',
  prefix: 'sub',
  filters: {
    external: 'external',
    state: 'state',
    subscriptionToken: 'token',
  },
  columns: ['shop_transaction_id'],
  matches({ shopTransactionId: wanted }, { shop_transaction_id: order }) {
    return wanted === undefined || orderKey(wanted) === orderKey(order as string);
  },
  async parts({ subscriptionToken, shopTransactionId, external, state }, reader) {
    const rows = reader.within(reader.rows);
    if (subscriptionToken !== undefined) return reader.few(rows.where('token', '=', subscriptionToken));
    if (shopTransactionId !== undefined) {
      return reader.few(
        rows.where('shop_transaction_id', 'in', [orderKey(shopTransactionId), shopTransactionId]),
      );
    }
    if (external === undefined && state === undefined) return undefined;
    const externals = external === undefined ? await externalsIn(reader.db, 'subscriptions') : [external];
    const states = state === undefined ? SUBSCRIPTION_STATES : [state];
    return externals.flatMap((name) =>
      states.map((each) =>
        reader.inOrder(reader.rows.where('external', '=', name).where('state', '=', each), [
          'external',
          'state',
        ]),
      ),
    );
  },
  record: subscriptionRecord,
});

export const SUBSCRIPTION_COLUMNS = [
  'id',
  'external',
  'state',
  'subscriptionToken',
  'shopTransactionId',
  'amount',
  'currency',
  'interval',
  'intervalCount',
  'expiresAfter',
  'caller',
  'createdAt',
  'updatedAt',
  'parkedAt',
] as const satisfies readonly (keyof SubscriptionRecord)[];
