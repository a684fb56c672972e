import type { CallerContext } from '../http/caller-context.js';
import type { Trx } from '../persistence/store.js';
import type { CallContext, ExternalProvider } from '../providers/external-provider.js';
import type { ChangingOperation } from '../providers/operation.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import type { OperationRow } from './operation.table.js';

/** Which rows of the ledger an operation is about. */
export interface LedgerRefs {
  readonly paymentRef?: string;
  readonly refundRef?: string;
  readonly subscriptionRef?: string;
}

/** One state-changing operation on an external, as its room describes it to the executor. */
export interface OperationRequest<Answer extends object> {
  readonly operation: ChangingOperation;
  readonly provider: ExternalProvider;
  readonly context: CallerContext;
  /** What makes a repeat the same request: the body and what the path names. Fingerprinted, never stored. */
  readonly identity: unknown;

  /**
   * The rows that it is about. Ids made here are made of `atMs`, the moment that its rows are dated by: an id tells when its
   * row was made, and ranges of time are read as ranges of ids.
   */
  refs(atMs: number): LedgerRefs;

  /** In transaction A: writes the ledger's rows, or throws a `Problem` to refuse before anything is executed. */
  open(trx: Trx, operation: OperationRow): Promise<void>;

  /** Calls the external, no transaction open. */
  call(context: CallContext): Promise<ProviderOutcome<Answer>>;

  /**
   * After an unknown outcome: finds out what became of the operation without executing anything. Undefined where nothing
   * certain can be learned now.
   */
  inquire(operation: OperationRow, context: CallContext): Promise<Answer | undefined>;
}

/**
 * The ledger's side of an operation. It knows the operation by its row alone, so that one whose process died is settled
 * in the same way.
 */
export interface OperationLedger {
  /** In transaction B: brings the ledger's rows to what `outcome` says. Callable again with a later outcome. */
  settle(trx: Trx, operation: OperationRow, outcome: ProviderOutcome<object>): Promise<void>;

  /** The operation, of unknown outcome, is about to be sent again: until its new deadline it may be executed at any moment. */
  sendAgain?(trx: Trx, operation: OperationRow): Promise<void>;
}
