import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../dialect.js';

/**
 * The order in which changes become visible on PostgreSQL, for the feed (SPEC §10): the number of the transaction, and
 * the order of writing within it. Both are defaults, so that replicas of the release before write them too. Constants
 * first: PostgreSQL then adds the columns without writing the table anew. SQLite has one writer, whose events are
 * ordered by their ids.
 */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  if (dialect === 'sqlite') return;
  await sql`create sequence ledger_events_position`.execute(db);
  await sql`alter table ledger_events
    add column xid xid8 not null default '0',
    add column position bigint not null default 0`.execute(db);
  await sql`alter table ledger_events
    alter column xid set default pg_current_xact_id(),
    alter column position set default nextval('ledger_events_position')`.execute(db);
  await sql`create index ledger_events_feed on ledger_events (xid, position) where xid > '0'`.execute(db);
  await sql`create index ledger_events_before_feed on ledger_events (id) where xid = '0'`.execute(db);
}
