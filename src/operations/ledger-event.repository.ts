import { Injectable, Optional } from '@nestjs/common';
import { Statement } from '../persistence/statement.js';
import { Store, type Trx } from '../persistence/store.js';
import { newIdentifier } from '../shared/identifier.js';
import type { LedgerEventRow } from './ledger-event.table.js';
import { LedgerObserver, SilentLedgerObserver } from './ledger.observer.js';

export type LedgerChange = { readonly external: string } & Pick<
  LedgerEventRow,
  'at' | 'source' | 'before' | 'after' | 'cause'
> &
  Partial<Pick<LedgerEventRow, 'payment_ref' | 'refund_ref' | 'subscription_ref'>>;

const APPEND = new Statement<LedgerEventRow>((db, row) => db.insertInto('ledger_events').values(row));

/** Events are only ever appended. */
@Injectable()
export class LedgerEventRepository {
  constructor(
    private readonly store: Store,
    @Optional() private readonly observer: LedgerObserver = new SilentLedgerObserver(),
  ) {}

  async append(trx: Trx, { external, ...change }: LedgerChange): Promise<void> {
    this.store.afterCommit(trx, () => this.observer.onChange(external, change));
    await APPEND.change(trx, {
      id: newIdentifier('evt', change.at),
      payment_ref: null,
      refund_ref: null,
      subscription_ref: null,
      ...change,
    });
  }

  /** The payment turned out to be another row's: its history goes along. */
  async movePayment(trx: Trx, fromRef: string, toRef: string): Promise<void> {
    await trx
      .updateTable('ledger_events')
      .set({ payment_ref: toRef })
      .where('payment_ref', '=', fromRef)
      .execute();
  }
}
