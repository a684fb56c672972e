import type { Kysely } from 'kysely';
import type { Dialect } from '../dialect.js';
import * as settings from './0001-settings.js';
import * as ledger from './0002-ledger.js';
import * as notifications from './0003-notifications.js';
import * as callbacks from './0004-callbacks.js';
import * as adminIndexes from './0005-admin-indexes.js';
import * as repeatsWithoutKey from './0006-repeats-without-key.js';
import * as takenIds from './0007-taken-ids.js';
import * as callbacksOfStrangers from './0008-callbacks-of-strangers.js';
import * as audit from './0009-audit.js';
import * as expiringFingerprints from './0010-expiring-fingerprints.js';
import * as orderKeys from './0011-order-keys.js';
import * as subscriptionOrders from './0013-subscription-orders.js';
import * as refundsThatEnd from './0015-refunds-that-end.js';
import * as callbacksOfRefunds from './0016-callbacks-of-refunds.js';
import * as checkouts from './0017-checkouts.js';
import * as receivers from './0019-receivers.js';
import * as watchedSubscriptions from './0020-watched-subscriptions.js';
import * as oneIndexOfOrders from './0021-one-index-of-orders.js';
import * as statusQueries from './0023-status-queries.js';
import * as hourlyTotals from './0024-hourly-totals.js';
import * as archives from './0025-archives.js';
import * as erasures from './0026-erasures.js';
import * as feed from './0028-feed.js';

/**
 * One change of the schema, for both databases: written with the schema builder in types that both know (`text`,
 * `integer`, `bigint`). Constraints must be immediate: a deferred one would fail a commit that other transactions
 * share.
 */
export interface Migration {
  up(db: Kysely<unknown>, dialect: Dialect): Promise<void>;
}

/** In order. A name is never changed or removed once released: databases remember it. A migration after which replicas of the
 * version before cannot run ends in `-breaking` (docs/operating.md). */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-settings': settings,
  '0002-ledger': ledger,
  '0003-notifications': notifications,
  '0004-callbacks': callbacks,
  '0005-admin-indexes': adminIndexes,
  '0006-repeats-without-key': repeatsWithoutKey,
  '0007-taken-ids': takenIds,
  '0008-callbacks-of-strangers': callbacksOfStrangers,
  '0009-audit': audit,
  '0010-expiring-fingerprints': expiringFingerprints,
  '0011-order-keys': orderKeys,
  '0013-subscription-orders': subscriptionOrders,
  '0015-refunds-that-end': refundsThatEnd,
  '0016-callbacks-of-refunds': callbacksOfRefunds,
  '0017-checkouts': checkouts,
  '0019-receivers': receivers,
  '0020-watched-subscriptions': watchedSubscriptions,
  '0021-one-index-of-orders': oneIndexOfOrders,
  '0023-status-queries': statusQueries,
  '0024-hourly-totals': hourlyTotals,
  '0025-archives': archives,
  '0026-erasures': erasures,
  '0028-feed': feed,
};
