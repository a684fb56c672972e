import { sql } from 'kysely';
import type { Trx } from '../persistence/store.js';
import './erasure.table.js';

/** Those of `refs` whose texts an operator has erased, refunds of erased payments included. */
export async function erasedAmong(trx: Trx, refs: readonly string[]): Promise<ReadonlySet<string>> {
  if (refs.length === 0) return new Set();
  const list = sql.join([...new Set(refs)]);
  const { rows } = await sql<{ ref: string }>`
    select subject_ref as ref from erasures where subject_ref in (${list})
    union select refunds.id from refunds join erasures on erasures.subject_ref = refunds.payment_ref
    where refunds.id in (${list})`.execute(trx);
  return new Set(rows.map(({ ref }) => ref));
}
