import type { Trx } from '../../persistence/store.js';
import { shownTime } from '../records/shown.js';
import type { FoundItem, HitKind } from './search-result.js';

type Row = Readonly<Record<string, string | number | null>>;

interface OwnTable {
  readonly table: string;
  readonly kind: HitKind;
  /** The column with the time of creation. */
  readonly created: string;
  /** The columns that may have the gateway's id of what it is about, the first that has one counts. */
  readonly subject: readonly string[];
}

/** The tables by the prefix of their ids. */
const TABLES: Readonly<Record<string, OwnTable>> = {
  pay: { table: 'payments', kind: 'payment', created: 'created_at', subject: ['id'] },
  ref: { table: 'refunds', kind: 'refund', created: 'created_at', subject: ['id'] },
  sub: { table: 'subscriptions', kind: 'subscription', created: 'created_at', subject: ['id'] },
  op: {
    table: 'operations',
    kind: 'operation',
    created: 'created_at',
    subject: ['payment_ref', 'refund_ref', 'subscription_ref'],
  },
  ntf: { table: 'notifications', kind: 'notification', created: 'created_at', subject: ['payment_ref'] },
  cbk: { table: 'callbacks', kind: 'callback', created: 'received_at', subject: [] },
  aud: { table: 'audit_entries', kind: 'act', created: 'at', subject: ['subject'] },
};

/** The item with the gateway's own id `text`, if there is one. */
export async function findByOwnId(db: Trx, text: string): Promise<FoundItem[]> {
  const own = TABLES[/^([a-z]{2,3})_[0-9a-f-]{36}$/.exec(text)?.[1] ?? ''];
  if (!own) return [];
  const row = (await db
    .selectFrom(own.table as 'payments')
    .selectAll()
    .where('id', '=', text)
    .executeTakeFirst()) as Row | undefined;
  if (!row) return [];
  return [
    {
      kind: own.kind,
      id: text,
      matched: 'id',
      subject: own.subject.map((column) => textOf(row[column])).find((ref) => ref !== undefined),
      external: textOf(row['external']),
      state: textOf(row['state']),
      amount: typeof row['amount_minor'] === 'number' ? row['amount_minor'] : undefined,
      currency: textOf(row['currency']),
      createdAt: shownTime(Number(row[own.created])),
    },
  ];
}

function textOf(value: string | number | null | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
