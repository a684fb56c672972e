import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Statement } from '../persistence/statement.js';
import { Store, type Trx } from '../persistence/store.js';
import { GrowingIdentifiers, identifierFloor } from '../shared/identifier.js';
import type { LedgerChange, LedgerEventRow } from './ledger-event.table.js';
import { LedgerMetrics } from './ledger.metrics.js';

const APPEND = new Statement<LedgerEventRow>((db, row) => db.insertInto('ledger_events').values(row));

/** Events are only ever appended. */
@Injectable()
export class LedgerEventRepository implements OnModuleInit {
  /** On SQLite, whose only writer this process is, their order is that of the commits: the feed relies on it. */
  readonly #ids = new GrowingIdentifiers('evt');
  /** Called once a change is committed; must not throw. */
  onChange: (() => void) | undefined;

  constructor(
    private readonly store: Store,
    private readonly metrics: LedgerMetrics,
  ) {}

  async onModuleInit(): Promise<void> {
    const newest = await this.store.read((db) =>
      db.selectFrom('ledger_events').select('id').orderBy('id', 'desc').limit(1).executeTakeFirst(),
    );
    if (newest) this.#ids.continueAfter(newest.id);
  }

  async append(trx: Trx, change: LedgerChange): Promise<void> {
    this.store.afterCommit(trx, () => this.count(change));
    await APPEND.change(trx, this.rowOf(change));
  }

  /** The row of a change that the journal writes. */
  rowOf(change: LedgerChange): LedgerEventRow {
    const { external: _, ...event } = change;
    return {
      id: this.#ids.next(event.at),
      payment_ref: null,
      refund_ref: null,
      subscription_ref: null,
      ...event,
    };
  }

  /** To call once {@link rowOf} is committed. */
  count(change: LedgerChange): void {
    this.metrics.count(change);
    this.onChange?.();
  }

  /** The changes of a payment itself, oldest first. */
  ofPayment(trx: Trx, paymentRef: string): Promise<LedgerEventRow[]> {
    return trx
      .selectFrom('ledger_events')
      .selectAll()
      .where('payment_ref', '=', paymentRef)
      .where('refund_ref', 'is', null)
      .orderBy('id')
      .execute();
  }

  /** The changes of a refund, oldest first. */
  ofRefund(trx: Trx, refundRef: string): Promise<LedgerEventRow[]> {
    return trx
      .selectFrom('ledger_events')
      .selectAll()
      .where('refund_ref', '=', refundRef)
      .orderBy('id')
      .execute();
  }

  /** The changes of a subscription itself, oldest first: not the outcomes of its operations. */
  ofSubscription(trx: Trx, subscriptionRef: string): Promise<LedgerEventRow[]> {
    return trx
      .selectFrom('ledger_events')
      .selectAll()
      .where('subscription_ref', '=', subscriptionRef)
      .where('after', 'not in', ['executed', 'not-executed'])
      .orderBy('id')
      .execute();
  }

  /** What an operator has last recorded of an operation that has no payment or refund; its cause begins with the id. */
  resolutionOf(
    trx: Trx,
    { id, finished_at }: { readonly id: string; readonly finished_at: number },
  ): Promise<LedgerEventRow | undefined> {
    return trx
      .selectFrom('ledger_events')
      .selectAll()
      .where('id', '>=', identifierFloor('evt', finished_at))
      .where('at', '=', finished_at)
      .where('source', '=', 'operator')
      .where('cause', 'like', `${id}, %`)
      .orderBy('id')
      .limit(1)
      .executeTakeFirst();
  }

  /** Moves the events of an unsolicited payment to the payment `toRef`. */
  async movePayment(trx: Trx, fromRef: string, toRef: string): Promise<void> {
    await trx
      .updateTable('ledger_events')
      .set({ payment_ref: toRef })
      .where('payment_ref', '=', fromRef)
      .execute();
  }
}
