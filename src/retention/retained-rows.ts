import { type RawBuilder, sql } from 'kysely';
import type { RetainedTable } from '../config/retention.js';
import type { Trx } from '../persistence/store.js';
import { type IdentifierPrefix, identifierFloor } from '../shared/identifier.js';

/** Rows of one table that may be deleted once they have ended. */
export interface RetainedRows {
  readonly name: RetainedTable;
  readonly table: string;
  readonly prefix: IdentifierPrefix;
  /** Whether a row has ended at `endedBy` or earlier, and nothing that is open needs it. */
  readonly hasEnded: (endedByMs: number) => RawBuilder<unknown>;
  /** Rows of other tables that belong to one of these: table and column that names it. */
  readonly parts?: readonly (readonly [table: string, column: string])[];
}

export interface DeletedPage {
  readonly rows: number;
  /** The last id of the page; undefined where there was no page. */
  readonly last: string | undefined;
}

const OPEN_PAYMENT = sql`('CREATED', 'PENDING', 'UNKNOWN')`;
const OPEN_REFUND = sql`('PENDING', 'UNKNOWN')`;

/** No open payment, refund or subscription has the id in `column`. */
const noneOpen = {
  payment: (column: RawBuilder<unknown>) =>
    sql`not exists (select 1 from payments where payments.id = ${column} and payments.state in ${OPEN_PAYMENT})`,
  refund: (column: RawBuilder<unknown>) =>
    sql`not exists (select 1 from refunds where refunds.id = ${column} and refunds.state in ${OPEN_REFUND})`,
  subscription: (column: RawBuilder<unknown>) =>
    sql`not exists (select 1 from subscriptions where subscriptions.id = ${column} and subscriptions.state in ${OPEN_PAYMENT})`,
};

const subjectsHaveEnded = (table: string): RawBuilder<unknown> => {
  const column = (name: string) => sql.ref(`${table}.${name}`);
  return sql`${noneOpen.payment(column('payment_ref'))} and ${noneOpen.refund(column('refund_ref'))}
    and ${noneOpen.subscription(column('subscription_ref'))}`;
};

/** The subject that a callback names, with `condition` on it. */
const subjectOfCallback = (condition: 'open' | 'known'): RawBuilder<unknown> => {
  const state = (open: RawBuilder<unknown>) => (condition === 'open' ? sql`and state in ${open}` : sql``);
  return sql`(exists (select 1 from payments where payments.payment_id = callbacks.payment_id
      and payments.external = callbacks.external ${state(OPEN_PAYMENT)})
    or exists (select 1 from refunds where (refunds.external_refund_id = callbacks.refund_id or refunds.id = callbacks.refund_id)
      and refunds.external = callbacks.external ${state(OPEN_REFUND)})
    or exists (select 1 from subscriptions where subscriptions.token = callbacks.subscription_token
      and subscriptions.external = callbacks.external ${state(OPEN_PAYMENT)}))`;
};

/** What `RETENTION` deletes by the age of single rows (SPEC §10). Payments need more: see `payments.retention.ts`. */
export const RETAINED_ROWS: readonly RetainedRows[] = [
  {
    name: 'operations',
    table: 'operations',
    prefix: 'op',
    // A key that is held has a stored answer, and one that refuses repeats has a window, whatever the period.
    hasEnded: (endedByMs) => sql`state in ('completed', 'rejected', 'not-executed') and key_held = 0
      and repeat_held = 0 and coalesce(finished_at, created_at) <= ${endedByMs} and ${subjectsHaveEnded('operations')}`,
  },
  {
    name: 'callbacks',
    table: 'callbacks',
    prefix: 'cbk',
    // An unconfirmed one of nothing that is known expires earlier, or may still belong to a payment without an id.
    hasEnded: (endedByMs) => sql`finished_at <= ${endedByMs} and lease_token is null
      and (state = 'VERIFIED' or ${subjectOfCallback('known')}) and not ${subjectOfCallback('open')}`,
  },
  {
    name: 'notifications',
    table: 'notifications',
    prefix: 'ntf',
    // A dead one waits for an operator.
    hasEnded: (endedByMs) => sql`state in ('DELIVERED', 'SUPERSEDED') and lease_token is null
      and updated_at <= ${endedByMs}`,
    parts: [
      ['notification_attempts', 'notification_ref'],
      ['notification_replays', 'notification_ref'],
    ],
  },
  {
    name: 'queries',
    table: 'status_queries',
    prefix: 'qry',
    hasEnded: (endedByMs) => {
      const subject = sql.ref('status_queries.subject_ref');
      return sql`last_at <= ${endedByMs} and ${noneOpen.payment(subject)} and ${noneOpen.refund(subject)}`;
    },
  },
  {
    name: 'events',
    table: 'ledger_events',
    prefix: 'evt',
    // The newest stays: by it, the feed knows cursors that are not of this ledger.
    hasEnded: (endedByMs) => sql`at <= ${endedByMs} and id < (select max(id) from ledger_events)
      and ${subjectsHaveEnded('ledger_events')}`,
  },
];

/**
 * Reads the next page of rows after the id `after` that were created at `endedByMs` or earlier, and deletes those that
 * have ended. The page is a range of the primary key, which is ordered by time: rows that stay are read once in a pass.
 */
export async function deletePage(
  trx: Trx,
  rows: RetainedRows,
  { after, endedByMs, limit }: { after: string | undefined; endedByMs: number; limit: number },
): Promise<DeletedPage> {
  const table = sql.table(rows.table);
  const from = after ?? identifierFloor(rows.prefix, 0);
  const { rows: page } = await sql<{ last: string | null }>`
    select max(id) as last from (select id from ${table}
      where id > ${from} and id < ${identifierFloor(rows.prefix, endedByMs + 1)} order by id
      limit cast(${limit} as integer)) as page`.execute(trx);
  const last = page[0]?.last ?? undefined;
  if (last === undefined) return { rows: 0, last };
  const { rows: deleted } = await sql<{ id: string }>`
    delete from ${table} where id > ${from} and id <= ${last} and ${rows.hasEnded(endedByMs)} returning id`.execute(
    trx,
  );
  if (deleted.length > 0) {
    const ids = sql.join(deleted.map(({ id }) => id));
    for (const [part, column] of rows.parts ?? [])
      await sql`delete from ${sql.table(part)} where ${sql.ref(column)} in (${ids})`.execute(trx);
  }
  return { rows: deleted.length, last };
}
