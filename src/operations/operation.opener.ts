import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { tracedWrite } from '../observability/tracing/traced-commit.js';
import { Tracer } from '../observability/tracing/tracer.js';
import {
  isDatabaseError,
  type JournalResult,
  StorageUnavailable,
  Store,
  type Trx,
} from '../persistence/store.js';
import type { Problem } from '../problems/problem.js';
import { Clock } from '../shared/clock.js';
import { Fingerprints } from './fingerprint.js';
import { notSent, perhapsSent, RepeatFound, repeatedWithoutKey, stillRunning } from './operation-problems.js';
import type { Operation, OperationRequest } from './operation.js';
import { OperationJournal } from './operation.journal.js';
import { OperationRepository, type RepeatScope } from './operation.repository.js';
import { OperationSettler } from './operation.settler.js';
import type { OperationRow } from './operation.table.js';

/** Transaction A: stores an operation and its ledger's rows ahead of the call, unless it repeats an earlier one (SPEC §4). */
@Injectable()
export class OperationOpener {
  constructor(
    private readonly store: Store,
    private readonly operations: OperationRepository,
    private readonly journal: OperationJournal,
    private readonly settler: OperationSettler,
    private readonly fingerprints: Fingerprints,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    private readonly tracer: Tracer,
  ) {}

  /** The operation that holds the request's key. Throws if the request repeats one without a key. */
  async earlier(
    operation: Operation,
    { context, provider, input }: OperationRequest<unknown>,
  ): Promise<OperationRow | undefined> {
    const { idempotencyKey } = context;
    const scope = { external: provider.config.name, caller: context.caller, operation: operation.name };
    try {
      if (idempotencyKey === undefined) {
        if (this.config.repeatWindowMs === 0) return undefined;
        const identity = operation.identity(input);
        const fingerprints = [this.fingerprints.of(identity), ...this.fingerprints.byOtherKeys(identity)];
        await this.store.read((db) => this.#assertNoRepeat(db, { ...scope, fingerprints }, this.clock.now()));
        return undefined;
      }
      const earlier = await this.store.read((db) =>
        this.operations.findByHeldKey(db, { ...scope, idempotency_key: idempotencyKey }),
      );
      return earlier && isOver(earlier, this.clock.now()) ? undefined : earlier;
    } catch (error) {
      if (error instanceof RepeatFound) throw await this.#repeatProblem(operation, error.first);
      // It may have been executed.
      throw isDatabaseError(error) ? perhapsSent(error) : error;
    }
  }

  /** Throws if the request would make the second payment of its order. */
  async assertUnpaid(operation: Operation, request: OperationRequest<unknown>): Promise<void> {
    try {
      await this.store.read(async (db) => operation.assertUnpaid?.(db, request));
    } catch (error) {
      throw isDatabaseError(error) ? perhapsSent(error) : error;
    }
  }

  /** Names the result of the first request, which may have to be recorded: after the transaction that found it. */
  async #repeatProblem(operation: Operation, first: OperationRow): Promise<Problem> {
    try {
      const members = await this.store.transaction(async (trx) => operation.nameOf?.(trx, first));
      return repeatedWithoutKey(members ?? {});
    } catch (error) {
      if (!isDatabaseError(error)) throw error;
      return perhapsSent(error);
    }
  }

  /** Transaction A. Returns the earlier operation that holds the key, if there is one; then nothing was written. */
  open(
    operation: Operation,
    request: OperationRequest<unknown>,
    draft: OperationRow,
  ): Promise<OperationRow | undefined> {
    const { traceparent } = request.context;
    return tracedWrite(this.tracer, this.store, 'commit before the call', traceparent, () =>
      this.#begin(operation, request, draft),
    );
  }

  async #begin(
    operation: Operation,
    request: OperationRequest<unknown>,
    draft: OperationRow,
  ): Promise<OperationRow | undefined> {
    let perhapsStored = false;
    try {
      const journalled = await this.#journal(operation, request, draft);
      if (journalled === 'written') return undefined;
      perhapsStored = journalled === 'failed';
      const earlier = await this.store.transaction((trx) =>
        this.#transaction(trx, operation, request, draft, perhapsStored),
      );
      if (earlier && perhapsStored) this.settler.retract(draft);
      return earlier;
    } catch (error) {
      perhapsStored ||= error instanceof StorageUnavailable && error.outcome === 'unknown';
      if (perhapsStored) this.settler.retract(draft);
      if (error instanceof RepeatFound) throw await this.#repeatProblem(operation, error.first);
      throw isDatabaseError(error) ? notSent(error) : error;
    }
  }

  async #journal(
    operation: Operation,
    request: OperationRequest<unknown>,
    draft: OperationRow,
  ): Promise<JournalResult> {
    if (!this.journal.isUsed || this.#fingerprintsByOtherKeys(operation, request, draft).length > 0)
      return 'in-the-way';
    const entry = operation.openEntry?.(draft, request);
    return entry ? this.journal.begin(draft, entry) : 'in-the-way';
  }

  #fingerprintsByOtherKeys(
    operation: Operation,
    { input }: OperationRequest<unknown>,
    draft: OperationRow,
  ): readonly string[] {
    return draft.repeat_held === 1 ? this.fingerprints.byOtherKeys(operation.identity(input)) : [];
  }

  async #transaction(
    trx: Trx,
    operation: Operation,
    request: OperationRequest<unknown>,
    draft: OperationRow,
    perhapsStored: boolean,
  ): Promise<OperationRow | undefined> {
    const others = this.#fingerprintsByOtherKeys(operation, request, draft);
    if (others.length > 0) await this.#assertNoRepeatByOtherKey(trx, draft, others);
    if (!(await this.operations.insertUnlessHeld(trx, draft))) {
      // A batch whose answer was lost may have stored it. It is written again, so that this commit makes sure of it.
      if (perhapsStored && (await this.operations.postpone(trx, draft, draft.deadline_at))) return undefined;
      const earlier = await this.#clear(trx, draft);
      if (earlier) return earlier;
      if (!(await this.operations.insertUnlessHeld(trx, draft)))
        throw draft.key_held ? stillRunning() : repeatedWithoutKey({});
    }
    await operation.open(trx, draft, request);
    return undefined;
  }

  /**
   * Releases the key, or the refusal of repeats, that an earlier operation holds no longer by right. Returns the
   * earlier operation if it holds the key still, and throws if it still refuses repeats.
   */
  async #clear(trx: Trx, draft: OperationRow): Promise<OperationRow | undefined> {
    if (draft.key_held === 0) {
      await this.#clearRepeat(trx, draft, [draft.fingerprint]);
      return undefined;
    }
    const earlier = await this.operations.findByHeldKey(trx, draft);
    if (earlier && !isOver(earlier, draft.created_at)) return earlier;
    if (earlier) await this.operations.release(trx, earlier.id);
    return undefined;
  }

  /**
   * While the key of fingerprints is rotated, replicas store different ones for identical requests, and no index sees it:
   * they take turns.
   */
  async #assertNoRepeatByOtherKey(trx: Trx, draft: OperationRow, others: readonly string[]): Promise<void> {
    if (this.store.dialect === 'postgres')
      await this.operations.awaitTurn(trx, [draft.fingerprint, ...others].toSorted()[0]!);
    await this.#clearRepeat(trx, draft, others);
  }

  async #clearRepeat(trx: Trx, draft: OperationRow, fingerprints: readonly string[]): Promise<void> {
    const { caller, external } = draft;
    const scope = { caller, external, operation: draft.operation, fingerprints };
    const over = await this.#assertNoRepeat(trx, scope, draft.created_at);
    if (over) await this.operations.allowRepeat(trx, over.id);
  }

  /**
   * Throws {@link RepeatFound} while an identical operation without a key is in flight or its window lasts; returns it
   * if its window is over.
   */
  async #assertNoRepeat(db: Trx, scope: RepeatScope, nowMs: number): Promise<OperationRow | undefined> {
    const first = await this.operations.findByHeldRepeat(db, scope);
    if (first && (first.state === 'running' || nowMs < first.created_at + this.config.repeatWindowMs))
      throw new RepeatFound(first);
    return first;
  }
}

function isOver(earlier: OperationRow, nowMs: number): boolean {
  return earlier.expires_at <= nowMs && earlier.state !== 'running';
}
