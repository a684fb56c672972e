import { type Kysely, sql } from 'kysely';

/**
 * Subscriptions are watched after ACTIVE, and callbacks may name them (SPEC §1, §4). Additive: a replica of the release
 * before leaves `watch_at` empty, and one of this release schedules those rows.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('subscriptions').addColumn('watch_at', 'bigint').execute();
  await db.schema
    .createIndex('subscriptions_watch')
    .on('subscriptions')
    .columns(['external', 'watch_at'])
    .where('watch_at', 'is not', null)
    .execute();
  // Those that are not scheduled yet: none, but for a moment.
  await sql`create index subscriptions_unwatched on subscriptions (id)
    where state in ('ACTIVE', 'PAST_DUE') and token is not null and watch_at is null`.execute(db);
  await db.schema.alterTable('callbacks').addColumn('subscription_token', 'text').execute();
}
