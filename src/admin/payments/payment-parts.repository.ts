import { Injectable } from '@nestjs/common';
import type { Selectable } from 'kysely';
import type { CallbackRow } from '../../callbacks/callback.table.js';
import type {
  NotificationAttemptTable,
  NotificationReplayTable,
  NotificationRow,
} from '../../notifications/notification.table.js';
import type { LedgerEventRow } from '../../operations/ledger-event.table.js';
import type { OperationRow } from '../../operations/operation.table.js';
import type { PaymentRow } from '../../payments/payment.table.js';
import type { RefundRow } from '../../refunds/refund.table.js';
import type { Trx } from '../../persistence/store.js';

/** All that is known of one payment: of each kind the newest, oldest first. */
export interface PaymentParts {
  readonly payment: PaymentRow;
  readonly refunds: readonly RefundRow[];
  readonly operations: readonly OperationRow[];
  readonly events: readonly LedgerEventRow[];
  readonly callbacks: readonly CallbackRow[];
  readonly notifications: readonly NotificationRow[];
  readonly attempts: readonly Selectable<NotificationAttemptTable>[];
  readonly replays: readonly Selectable<NotificationReplayTable>[];
  /** Kinds of which there is more than is shown. */
  readonly truncated: readonly string[];
}

/** Far more than any payment has that goes its usual way; a shop that checks every second may get there. */
const MOST = 500;

@Injectable()
export class PaymentPartsRepository {
  async read(db: Trx, id: string): Promise<PaymentParts | undefined> {
    const payment = await db.selectFrom('payments').selectAll().where('id', '=', id).executeTakeFirst();
    if (!payment) return undefined;
    const truncated: string[] = [];
    const whole = <Row>(kind: string, newestFirst: readonly Row[]): Row[] => {
      if (newestFirst.length > MOST) truncated.push(kind);
      return newestFirst.slice(0, MOST).toReversed();
    };
    const refunds = whole('refunds', await this.#refunds(db, payment));
    const refundRefs = refunds.map((refund) => refund.id);
    const notifications = whole('notifications', await this.#notifications(db, id));
    const notificationRefs = notifications.map((notification) => notification.id);
    return {
      payment,
      refunds,
      operations: whole('operations', await this.#operations(db, id, refundRefs)),
      events: whole('events', await this.#events(db, id, refundRefs)),
      callbacks: whole('callbacks', await this.#callbacks(db, payment)),
      notifications,
      attempts: whole('attempts', await this.#attempts(db, notificationRefs)),
      replays: whole('replays', await this.#replays(db, notificationRefs)),
      truncated,
    };
  }

  /** By the external's id: a refund may be older than what the gateway knows of its payment. */
  async #refunds(db: Trx, { external, payment_id }: PaymentRow): Promise<RefundRow[]> {
    if (payment_id === null) return [];
    return db
      .selectFrom('refunds')
      .selectAll()
      .where('external', '=', external)
      .where('payment_id', '=', payment_id)
      .orderBy('id', 'desc')
      .limit(MOST + 1)
      .execute();
  }

  async #operations(db: Trx, paymentRef: string, refundRefs: readonly string[]): Promise<OperationRow[]> {
    const own = db.selectFrom('operations').selectAll().where('payment_ref', '=', paymentRef);
    const refunding = db.selectFrom('operations').selectAll().where('refund_ref', 'in', refundRefs);
    return newestOf(
      await own
        .orderBy('id', 'desc')
        .limit(MOST + 1)
        .execute(),
      refundRefs.length === 0 ? [] : await refunding.execute(),
    );
  }

  async #events(db: Trx, paymentRef: string, refundRefs: readonly string[]): Promise<LedgerEventRow[]> {
    const own = db.selectFrom('ledger_events').selectAll().where('payment_ref', '=', paymentRef);
    // Of refunds that knew no payment.
    const refunding = db
      .selectFrom('ledger_events')
      .selectAll()
      .where('refund_ref', 'in', refundRefs)
      .where('payment_ref', 'is', null);
    return newestOf(
      await own
        .orderBy('id', 'desc')
        .limit(MOST + 1)
        .execute(),
      refundRefs.length === 0 ? [] : await refunding.execute(),
    );
  }

  async #callbacks(db: Trx, { external, payment_id }: PaymentRow): Promise<CallbackRow[]> {
    if (payment_id === null) return [];
    return db
      .selectFrom('callbacks')
      .selectAll()
      .where('payment_id', '=', payment_id)
      .where('external', '=', external)
      .orderBy('id', 'desc')
      .limit(MOST + 1)
      .execute();
  }

  #notifications(db: Trx, paymentRef: string): Promise<NotificationRow[]> {
    return db
      .selectFrom('notifications')
      .selectAll()
      .where('payment_ref', '=', paymentRef)
      .orderBy('id', 'desc')
      .limit(MOST + 1)
      .execute();
  }

  async #attempts(db: Trx, refs: readonly string[]): Promise<Selectable<NotificationAttemptTable>[]> {
    if (refs.length === 0) return [];
    return db
      .selectFrom('notification_attempts')
      .selectAll()
      .where('notification_ref', 'in', refs)
      .orderBy('id', 'desc')
      .limit(MOST + 1)
      .execute();
  }

  async #replays(db: Trx, refs: readonly string[]): Promise<Selectable<NotificationReplayTable>[]> {
    if (refs.length === 0) return [];
    return db
      .selectFrom('notification_replays')
      .selectAll()
      .where('notification_ref', 'in', refs)
      .orderBy('at', 'desc')
      .limit(MOST + 1)
      .execute();
  }
}

function newestOf<Row extends { readonly id: string }>(...parts: readonly Row[][]): Row[] {
  return parts.flat().toSorted((a, b) => (a.id < b.id ? 1 : -1));
}
