import type { LedgerEventRow } from './ledger-event.table.js';

/** A change of the books, once it is durable. */
export type ObservedChange = Pick<LedgerEventRow, 'source' | 'before' | 'after'> &
  Partial<Pick<LedgerEventRow, 'payment_ref' | 'refund_ref' | 'subscription_ref'>>;

/** Told of every change of a payment, refund or subscription, for the metrics. It must not throw. */
export abstract class LedgerObserver {
  abstract onChange(external: string, change: ObservedChange): void;
}

/** Nobody wants to know. */
export class SilentLedgerObserver extends LedgerObserver {
  onChange(): void {}
}
