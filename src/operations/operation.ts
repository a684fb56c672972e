import type { ExternalConfig } from '../config/external-config.js';
import type { CallerContext } from '../http/caller-context.js';
import type { Trx } from '../persistence/store.js';
import type { CallContext, ExternalProvider } from '../providers/external-provider.js';
import type { ChangingOperation } from '../config/external-operation.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import type { Recovery } from './ledger.restore.js';
import type { LedgerEndEntry, LedgerEntry } from './operation.journal.js';
import type { OperationRow } from './operation.table.js';

/** One request for an operation. */
export interface OperationRequest<Input> {
  /** The external, as configured when the request arrived. */
  readonly provider: ExternalProvider;
  /** The body, and the path parameters besides the external. */
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
 * One state-changing operation on an external; the methods are in order of execution. {@link OperationExecutor} runs
 * it; recovery, which has no request, finds it by `name` in {@link OPERATION_LIST}.
 */
export interface Operation<Input = unknown, Answer extends object = object> {
  readonly name: ChangingOperation;

  /** The content that a repeat must share to be the same request. Stored as a fingerprint only. */
  identity(input: Input): unknown;

  /**
   * Before anything else, while the restored ledger is recovering (SPEC §10): the ledger does not know the request's key.
   * Records what the external has executed.
   * @throws Problem `recovering` unless it is certain that the external has not executed the request
   */
  assertNotExecuted(request: OperationRequest<Input>, recovery: Recovery): Promise<void>;

  /**
   * Instead of everything else, where nothing can be sent to the external.
   * @throws Problem `duplicate-payment` if `open` would throw it: the order has a payment that has not failed
   */
  assertUnpaid?(db: Trx, request: OperationRequest<Input>): Promise<void>;

  /** The rows that the operation is about. Ids of new rows contain `atMs`, their creation time. */
  refs(request: OperationRequest<Input>, atMs: number): LedgerRefs | Promise<LedgerRefs>;

  /** In transaction A: writes the ledger's rows, or throws a `Problem` to refuse before anything is executed. */
  open(trx: Trx, row: OperationRow, request: OperationRequest<Input>): Promise<void>;

  /**
   * {@link open} as an entry of the journal, which is written only if nothing is in its way; `open` decides otherwise.
   * Undefined: the request needs `open`. So does an operation without this method.
   */
  openEntry?(row: OperationRow, request: OperationRequest<Input>): LedgerEntry | undefined;

  /** Calls the external; no transaction is open. */
  call(request: OperationRequest<Input>, context: CallContext): Promise<ProviderOutcome<Answer>>;

  /**
   * In transaction B: updates the ledger with the outcome. Also called with a later outcome, and after a crash:
   * `external` is then the current configuration, undefined if the external is no longer configured. Returns the
   * outcome to record and answer instead, if the ledger contradicts a completed answer or adds to the outcome.
   */
  settle(
    trx: Trx,
    row: OperationRow,
    outcome: ProviderOutcome<Answer>,
    external: ExternalConfig | undefined,
  ): Promise<ProviderOutcome<Answer> | void>;

  /** {@link settle} of the operation's own attempt as an entry of the journal; see {@link openEntry}. */
  settleEntry?(
    row: OperationRow,
    outcome: ProviderOutcome<Answer>,
    external: ExternalConfig | undefined,
  ): LedgerEndEntry | undefined;

  /** After an unknown outcome: retrieves the answer without executing anything; undefined if it is not certain yet. */
  inquire(
    row: OperationRow,
    request: OperationRequest<Input>,
    context: CallContext,
  ): Promise<Answer | undefined>;

  /**
   * Members of the problem `repeated-without-key` that name the result of the first request, where it is known; may
   * record what it names.
   */
  nameOf?(trx: Trx, row: OperationRow): Promise<Readonly<Record<string, string>>>;

  /** Members of the problem that the outcome could not be stored; the stored outcome names the same later. */
  nameUnstored?(row: OperationRow): Readonly<Record<string, string>>;

  /** In a transaction: an operation that was settled as never executed may have been executed after all. */
  reopen?(trx: Trx, row: OperationRow, external: ExternalConfig | undefined): Promise<void>;

  /**
   * The gateway sends an operation of unknown outcome again: the external may execute it until the deadline in `row`.
   */
  sendAgain?(trx: Trx, row: OperationRow): Promise<void>;
}

/** Injection token of every {@link Operation}: `readonly Operation[]`. The wiring provides it. */
export const OPERATION_LIST = Symbol('OPERATION_LIST');
