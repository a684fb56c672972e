import type { ExternalConfig } from '../config/external-config.js';
import type { CallerContext } from '../http/caller-context.js';
import type { Trx } from '../persistence/store.js';
import type { CallContext, ExternalProvider } from '../providers/external-provider.js';
import type { ChangingOperation } from '../config/external-operation.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import type { OperationRow } from './operation.table.js';

/** One request for an operation. */
export interface OperationRequest<Input> {
  /** The external, as the request found it configured. */
  readonly provider: ExternalProvider;
  /** The body, and what the path names besides the external. */
  readonly input: Input;
  readonly context: CallerContext;
}

/** The ledgers' rows that an operation is about. */
export interface LedgerRefs {
  readonly paymentRef?: string;
  readonly refundRef?: string;
  readonly subscriptionRef?: string;
}

/**
 * One state-changing operation on an external: everything about it, in the order in which it happens. {@link OperationExecutor} runs
 * it; recovery, which has no request, finds it by `name` in {@link OPERATION_LIST}.
 */
export interface Operation<Input = unknown, Answer extends object = object> {
  readonly name: ChangingOperation;

  /** What makes a repeat the same request. Fingerprinted, never stored. */
  identity(input: Input): unknown;

  /** The rows that the operation is about. Ids of new rows are made from `atMs`, the time that the rows are dated by. */
  refs(request: OperationRequest<Input>, atMs: number): LedgerRefs | Promise<LedgerRefs>;

  /** In transaction A: writes the ledger's rows, or throws a `Problem` to refuse before anything is executed. */
  open(trx: Trx, row: OperationRow, request: OperationRequest<Input>): Promise<void>;

  /** Calls the external; no transaction is open. */
  call(request: OperationRequest<Input>, context: CallContext): Promise<ProviderOutcome<Answer>>;

  /**
   * In transaction B: updates the ledger with the outcome. Also called with a later outcome, and after a crash: then `external` is the
   * configuration of the moment, undefined where the external is not configured any more.
   */
  settle(
    trx: Trx,
    row: OperationRow,
    outcome: ProviderOutcome<Answer>,
    external: ExternalConfig | undefined,
  ): Promise<void>;

  /** After an unknown outcome: the answer, learned without executing anything; undefined where nothing is certain now. */
  inquire(
    row: OperationRow,
    request: OperationRequest<Input>,
    context: CallContext,
  ): Promise<Answer | undefined>;

  /** The operation, of unknown outcome, is sent again: it may be executed until the deadline in `row`. */
  sendAgain?(trx: Trx, row: OperationRow): Promise<void>;
}

/** Injection token of every {@link Operation}: `readonly Operation[]`. The wiring provides it. */
export const OPERATION_LIST = Symbol('OPERATION_LIST');
