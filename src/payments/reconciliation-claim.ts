import type { Selectable } from 'kysely';
import type { DatabaseSchema } from '../persistence/database.js';
import { forUpdateSkipLocked, limitOf } from '../persistence/dialect.js';
import type { Trx } from '../persistence/store.js';

/** The tables whose open rows are asked about; they share the columns of reconciliation. */
export type ReconciledTable = 'payments' | 'subscriptions';

/** A claim on due rows: until `untilMs` they are this claimant's alone. */
export interface Claim {
  readonly token: string;
  readonly nowMs: number;
  readonly untilMs: number;
  readonly limit: number;
}

/** Takes due rows in one statement, the question counted. A lease that has ended is free again. */
export async function claimDue<Table extends ReconciledTable>(
  trx: Trx,
  table: Table,
  { token, nowMs, untilMs, limit }: Claim,
): Promise<Selectable<DatabaseSchema[Table]>[]> {
  // One of the two tables stands for both: what is asked for here, they have in common.
  const name = table as 'payments';
  const due = forUpdateSkipLocked(
    trx,
    trx
      .selectFrom(name)
      .select('id')
      .where('next_ask_at', 'is not', null)
      .where('next_ask_at', '<=', nowMs)
      .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', nowMs)]))
      .orderBy('next_ask_at')
      .limit(limitOf(limit)),
  );
  const rows = await trx
    .updateTable(name)
    .set((eb) => ({ lease_token: token, lease_until: untilMs, asks: eb('asks', '+', 1) }))
    .where('id', 'in', due)
    .returningAll()
    .execute();
  return rows as Selectable<DatabaseSchema[Table]>[];
}
