import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../dialect.js';

const APPEND_ONLY = 'audit_entries is append-only';

/**
 * The acts of operators (SPEC §10). Triggers refuse to change or delete a row, also to a person at the database who
 * does not mean to; the owner of the table can still drop them.
 */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('audit_entries')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('operator', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('result', 'text', (c) => c.notNull())
    .addColumn('subject', 'text')
    .addColumn('external', 'text')
    .addColumn('change', 'text')
    .addColumn('reason', 'text')
    .addColumn('address', 'text')
    .addColumn('request_id', 'text', (c) => c.notNull())
    .addColumn('traceparent', 'text')
    .execute();
  await db.schema
    .createIndex('audit_entries_operator')
    .on('audit_entries')
    .columns(['operator', 'id'])
    .execute();
  await db.schema
    .createIndex('audit_entries_subject')
    .on('audit_entries')
    .columns(['subject', 'id'])
    .execute();
  await (dialect === 'sqlite' ? sqliteTriggers(db) : postgresTriggers(db));
}

async function sqliteTriggers(db: Kysely<unknown>): Promise<void> {
  const refuse = sql`begin select raise(abort, ${sql.lit(APPEND_ONLY)}); end`;
  await sql`create trigger audit_entries_update before update on audit_entries ${refuse}`.execute(db);
  await sql`create trigger audit_entries_delete before delete on audit_entries ${refuse}`.execute(db);
  // `insert or replace` deletes the old row without its trigger.
  await sql`
    create trigger audit_entries_replace before insert on audit_entries
    when exists (select 1 from audit_entries where id = new.id) ${refuse}`.execute(db);
}

async function postgresTriggers(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function audit_entries_refuse() returns trigger language plpgsql
    as $$ begin raise exception ${sql.lit(APPEND_ONLY)}; end $$`.execute(db);
  await sql`
    create trigger audit_entries_change before update or delete on audit_entries
    for each row execute function audit_entries_refuse()`.execute(db);
  await sql`
    create trigger audit_entries_truncate before truncate on audit_entries
    for each statement execute function audit_entries_refuse()`.execute(db);
}
