import type { OperationRow } from '../operations/operation.table.js';
import { orderColumns } from './order-key.js';
import { createdRow } from './payment.identity.js';
import type { InsertedPayment, PaymentOrigin } from './payment.table.js';

/** The order of a payment, and whether it may have another one. */
export interface DraftedOrder {
  readonly shopTransactionId: string;
  /** False if the external's configuration allows duplicates. */
  readonly guardDuplicates: boolean;
  /** The external offers `/cancel`. */
  readonly offersCancel: boolean;
}

/** A payment that is about to be executed. */
export interface PaymentDraft extends DraftedOrder {
  readonly origin: PaymentOrigin;
  readonly amountMinor: number;
  readonly currency: string;
  readonly subscriptionToken?: string | undefined;
  /** When the call must have ended: later, the external cannot receive it any more. */
  readonly deadlineAtMs: number;
}

/** The row of a payment before its call. */
export function draftedRow(operation: OperationRow, draft: PaymentDraft): InsertedPayment {
  const { external, caller, created_at, traceparent } = operation;
  return createdRow({
    id: operation.payment_ref!,
    external,
    caller,
    origin: draft.origin,
    payment_id: null,
    ...orderColumns(draft.shopTransactionId),
    subscription_token: draft.subscriptionToken ?? null,
    amount_minor: draft.amountMinor,
    currency: draft.currency,
    duplicate_guard: draft.guardDuplicates ? 1 : 0,
    created_at,
    deadline_at: draft.deadlineAtMs,
    traceparent,
  });
}
