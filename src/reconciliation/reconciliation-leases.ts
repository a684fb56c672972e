import { sql } from 'kysely';
import { LeaseTable } from '../leases/lease-table.js';
import type { Trx } from '../persistence/store.js';

/** The tables with rows that reconciliation queries; they share its columns. */
export type ReconciledTable = 'payments' | 'refunds' | 'subscriptions';

const leasesOf = (table: ReconciledTable): LeaseTable<ReconciledTable> =>
  new LeaseTable<ReconciledTable>({
    table,
    dueAt: 'next_ask_at',
    count: 'asks',
    // A row that is settled during the query is not due any more.
    whileLeased: 'due-kept',
  });

export const RECONCILIATION_LEASES: Readonly<Record<ReconciledTable, LeaseTable<ReconciledTable>>> = {
  payments: leasesOf('payments'),
  refunds: leasesOf('refunds'),
  subscriptions: leasesOf('subscriptions'),
};

/**
 * Ends a lease whose query was not sent, or was too early to be certain; the query does not count. The row is due
 * again at `dueAtMs`, unless it was settled meanwhile. Does nothing if the lease is lost.
 */
export async function handBack(
  trx: Trx,
  table: ReconciledTable,
  { id, token, dueAtMs }: { readonly id: string; readonly token: string; readonly dueAtMs: number },
): Promise<void> {
  await RECONCILIATION_LEASES[table].handBack(
    trx,
    { id, lease_token: token },
    {
      next_ask_at: sql<
        number | null
      >`case when next_ask_at is null then null else cast(${dueAtMs} as bigint) end`,
    },
  );
}
