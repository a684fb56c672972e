import { Injectable } from '@nestjs/common';
import type { Operator } from '../../audit/operator.js';
import { LedgerEventRepository } from '../../operations/ledger-event.repository.js';
import { OperationResolutionRepository } from '../../operations/operation-resolution.repository.js';
import { OperationRepository } from '../../operations/operation.repository.js';
import type { OperationRow } from '../../operations/operation.table.js';
import type { Trx } from '../../persistence/store.js';
import { Clock } from '../../shared/clock.js';
import { SubscriptionLedger } from '../../subscriptions/subscription.ledger.js';
import { causeOf, CHANGED_MEANWHILE, conflict } from './operator.js';
import { alreadyResolved } from './recorded-resolution.js';
import type { OperationResolutionRequest } from './resolution-requests.js';

type Outcome = OperationResolutionRequest['outcome'];

/**
 * Records the outcome of an operation that has no payment or refund of its own, an update or an expiry of a
 * subscription, and corrects such a record (SPEC §4).
 */
@Injectable()
export class OperationResolution {
  constructor(
    private readonly operations: OperationRepository,
    private readonly resolutions: OperationResolutionRepository,
    private readonly events: LedgerEventRepository,
    private readonly subscriptions: SubscriptionLedger,
    private readonly clock: Clock,
  ) {}

  /** @throws Problem `conflict` */
  async resolve(
    trx: Trx,
    { id }: OperationRow,
    { outcome, reason, corrects }: OperationResolutionRequest,
    operator: Operator,
  ): Promise<void> {
    // Locked: of two operators, the second sees what the first has done.
    const before = (await this.resolutions.lock(trx, id))!;
    const { state, payment_ref, refund_ref } = before;
    if (refund_ref !== null) throw conflict(`It is resolved with its refund: resolve ${refund_ref}.`);
    if (payment_ref !== null) throw conflict(`It is resolved with its payment: resolve ${payment_ref}.`);
    const atMs = this.clock.now();
    const isCorrection = corrects !== undefined || before.reason === 'operator';
    if (isCorrection) await this.#assertCorrects(trx, before, { outcome, corrects });
    else if (state !== 'unknown') throw conflict(`The operation is ${state}: there is nothing to resolve.`);
    const recorded = isCorrection
      ? await this.resolutions.correct(trx, before, outcome, atMs)
      : await this.resolutions.resolve(trx, id, outcome, atMs);
    if (!recorded) throw conflict(CHANGED_MEANWHILE);
    const cause = `${id}, ${causeOf(operator, reason)}`;
    await this.subscriptions.noteResolution(trx, before, outcome, cause, atMs);
  }

  async #assertCorrects(
    trx: Trx,
    before: OperationRow,
    { outcome, corrects }: { readonly outcome: Outcome; readonly corrects: string | undefined },
  ): Promise<void> {
    const { id, state, reason, finished_at } = before;
    const latest =
      reason === 'operator' && finished_at !== null
        ? await this.events.resolutionOf(trx, { id, finished_at })
        : undefined;
    if (!latest)
      throw conflict(`The operation is ${state}, and not by a resolution: there is nothing to correct.`);
    if (corrects !== latest.id) throw alreadyResolved('operation', latest);
    if (outcome === latest.after)
      throw conflict(`The operation is ${outcome} already: there is nothing to correct.`);
    // A free key may execute again: both operations are then executed, and the key is the answer to the second.
    const holder = outcome === 'executed' ? await this.operations.findByHeldKey(trx, before) : undefined;
    if (holder)
      throw conflict(
        `Its Idempotency-Key was used again, by ${holder.id}, which is ${holder.state}. If only one of the two was executed, this one stays not-executed; if both were, settle that with the external.`,
      );
  }
}
