import { type Selectable, sql } from 'kysely';
import type { DatabaseSchema } from '../persistence/database.js';
import { forUpdateSkipLocked, limitOf } from '../persistence/dialect.js';
import type { Trx } from '../persistence/store.js';

/** The tables whose open rows are asked about; they share the columns of reconciliation. */
export type ReconciledTable = 'payments' | 'subscriptions';

/** A claim on due rows of one external: until `untilMs` they are this claimant's alone. */
export interface Claim {
  readonly external: string;
  readonly token: string;
  readonly nowMs: number;
  readonly untilMs: number;
  readonly limit: number;
}

/** One of the two tables stands for both: what is asked for here, they have in common. */
const shared = (table: ReconciledTable): 'payments' => table as 'payments';

/** The externals with rows that will be asked about, found by as many steps through the index as there are of them. */
export async function externalsToAsk(trx: Trx, table: ReconciledTable): Promise<string[]> {
  const rows = sql.table(table);
  const { rows: found } = await sql<{ external: string }>`
    with recursive asked(external) as (
      select min(external) from ${rows} where next_ask_at is not null
      union all
      select (select min(open.external) from ${rows} as open
              where open.next_ask_at is not null and open.external > asked.external)
      from asked where asked.external is not null
    )
    select external from asked where external is not null`.execute(trx);
  return found.map(({ external }) => external);
}

/** Takes due rows in one statement, the question counted. A lease that has ended is free again. */
export async function claimDue<Table extends ReconciledTable>(
  trx: Trx,
  table: Table,
  { external, token, nowMs, untilMs, limit }: Claim,
): Promise<Selectable<DatabaseSchema[Table]>[]> {
  const rows = await trx
    .with(
      (cte) => cte('due').materialized(),
      (db) =>
        forUpdateSkipLocked(
          trx,
          db
            .selectFrom(shared(table))
            .select('id')
            .where('external', '=', external)
            .where('next_ask_at', 'is not', null)
            .where('next_ask_at', '<=', nowMs)
            .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', nowMs)]))
            .orderBy('next_ask_at')
            .limit(limitOf(limit)),
        ),
    )
    .updateTable(shared(table))
    .set((eb) => ({ lease_token: token, lease_until: untilMs, asks: eb('asks', '+', 1) }))
    .where('id', 'in', (eb) => eb.selectFrom('due').select('due.id'))
    .returningAll()
    .execute();
  return rows as unknown as Selectable<DatabaseSchema[Table]>[];
}

/**
 * Ends a lease whose question was not put, or came too early to tell anything: it does not count. It is put at `dueAtMs`, unless
 * somebody has settled the row meanwhile; nothing where the lease was lost.
 */
export async function handBack(
  trx: Trx,
  table: ReconciledTable,
  { id, token, dueAtMs }: { readonly id: string; readonly token: string; readonly dueAtMs: number },
): Promise<void> {
  const rows = trx.updateTable(shared(table)).where('id', '=', id).where('lease_token', '=', token);
  await rows.set({ next_ask_at: dueAtMs }).where('next_ask_at', 'is not', null).execute();
  await rows.set((eb) => ({ lease_token: null, lease_until: null, asks: eb('asks', '-', 1) })).execute();
}

/** Frees what a process that has died was asking about; only where no other process can be alive. */
export async function freeLeases(trx: Trx, table: ReconciledTable): Promise<void> {
  await trx
    .updateTable(shared(table))
    .set({ lease_token: null, lease_until: null })
    .where('next_ask_at', 'is not', null)
    .where('lease_token', 'is not', null)
    .execute();
}
