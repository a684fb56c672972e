import type { Trx } from '../../persistence/store.js';
import { shownTime } from '../records/shown.js';
import type { HitKind, SearchHit } from './search-result.js';

type Row = Readonly<Record<string, string | number | null>>;

interface OwnTable {
  readonly table: string;
  readonly kind: HitKind;
  /** The column with the time of creation. */
  readonly created: string;
  /** The column with the gateway's id of the payment. */
  readonly payment?: string;
}

/** The tables by the prefix of their ids. */
const TABLES: Readonly<Record<string, OwnTable>> = {
  pay: { table: 'payments', kind: 'payment', created: 'created_at', payment: 'id' },
  ref: { table: 'refunds', kind: 'refund', created: 'created_at', payment: 'payment_ref' },
  sub: { table: 'subscriptions', kind: 'subscription', created: 'created_at' },
  op: { table: 'operations', kind: 'operation', created: 'created_at', payment: 'payment_ref' },
  ntf: { table: 'notifications', kind: 'notification', created: 'created_at', payment: 'payment_ref' },
  cbk: { table: 'callbacks', kind: 'callback', created: 'received_at' },
  aud: { table: 'audit_entries', kind: 'act', created: 'at', payment: 'subject' },
};

/** The item with the gateway's own id `text`, if there is one. */
export async function findByOwnId(db: Trx, text: string): Promise<SearchHit[]> {
  const own = TABLES[/^([a-z]{2,3})_[0-9a-f-]{36}$/.exec(text)?.[1] ?? ''];
  if (!own) return [];
  const row = (await db
    .selectFrom(own.table as 'payments')
    .selectAll()
    .where('id', '=', text)
    .executeTakeFirst()) as Row | undefined;
  if (!row) return [];
  const subject = own.payment === undefined ? undefined : row[own.payment];
  return [
    {
      kind: own.kind,
      id: text,
      matched: 'id',
      // A notification or an act may be about a refund or a subscription.
      payment: typeof subject === 'string' && subject.startsWith('pay_') ? subject : undefined,
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
