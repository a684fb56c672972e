import type { Selectable } from 'kysely';
import type { ChangingOperation } from '../config/external-operation.js';

/**
 * One row for each state-changing call: the write-ahead record, the idempotency record and the audit trail in one.
 * Deleted by `RETENTION` once it has ended, and never holds anything of `providerData` but a keyed hash, for as long as the key.
 */
export interface OperationTable {
  /** `op_…` */
  id: string;
  /** The name of the caller's credentials; empty for a caller without. */
  caller: string;
  external: string;
  operation: ChangingOperation;
  /** Sent by the caller, else generated; the external receives it on every attempt. */
  idempotency_key: string;
  /** 1 while this row holds caller + external + operation + key (unique); 0 once the key may be used again. */
  key_held: 0 | 1;
  /**
   * Keyed hash of the request, until `expires_at`; empty if the request has no key and repeats are not refused.
   */
  fingerprint: string;
  /**
   * 1 while this row, which has no key of its caller, refuses an identical request without one: caller + external +
   * operation + fingerprint (unique).
   */
  repeat_held: 0 | 1;
  state: OperationState;
  /**
   * The `reason` of the outcome; null while running, and if an answer of the external has completed it. `operator`: what
   * they have recorded, and `inquiry`: what a repeat found in the ledger or by a query.
   */
  reason: string | null;
  /** When the call to the external must have ended: later, a `running` row belongs to a process that died. */
  deadline_at: number;
  created_at: number;
  finished_at: number | null;
  /** When the stored answer ends (SPEC §4). */
  expires_at: number;
  answer_status: number | null;
  /** The answer's JSON text; null if none is stored, or no longer. */
  answer_body: string | null;
  /** The ledger's rows that this operation is about. */
  payment_ref: string | null;
  refund_ref: string | null;
  subscription_ref: string | null;
  request_id: string;
  traceparent: string | null;
}

/** `rejected` and `not-executed` are final and free the key; `unknown` may become `completed` later. */
export type OperationState = 'running' | 'completed' | 'rejected' | 'not-executed' | 'unknown';

export type OperationRow = Selectable<OperationTable>;

declare module '../persistence/database.js' {
  interface DatabaseSchema {
    operations: OperationTable;
  }
}
