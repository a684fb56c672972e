import { Injectable } from '@nestjs/common';
import type { Operator } from '../../audit/operator.js';
import { LedgerEventRepository } from '../../operations/ledger-event.repository.js';
import type { Trx } from '../../persistence/store.js';
import { SubscriptionLedger } from '../../subscriptions/subscription.ledger.js';
import { SubscriptionRepository } from '../../subscriptions/subscription.repository.js';
import type { SubscriptionRow } from '../../subscriptions/subscription.table.js';
import { causeOf, CHANGED_MEANWHILE, conflict } from './operator.js';
import { alreadyResolved, recordedResolution, type RecordedResolution } from './recorded-resolution.js';
import type { SubscriptionResolutionRequest } from './resolution-requests.js';

/**
 * Records the state of a parked subscription, which reconciliation no longer queries, and corrects such a record (SPEC
 * §4): not once the external has changed it.
 */
@Injectable()
export class SubscriptionResolution {
  constructor(
    private readonly subscriptions: SubscriptionRepository,
    private readonly ledger: SubscriptionLedger,
    private readonly events: LedgerEventRepository,
  ) {}

  /** @throws Problem `conflict` */
  async resolve(
    trx: Trx,
    { id }: SubscriptionRow,
    request: SubscriptionResolutionRequest,
    operator: Operator,
  ): Promise<void> {
    // Locked: of two operators, the second sees what the first has done.
    const before = (await this.subscriptions.lock(trx, id))!;
    const { status, corrects, subscriptionToken: token } = request;
    const cause = causeOf(operator, request.reason);
    const made = recordedResolution(await this.events.ofSubscription(trx, id), before.state);
    const isCorrection = corrects !== undefined || (made !== undefined && before.parked_at === null);
    if (isCorrection) assertCorrects(before, request, made);
    else if (before.parked_at === null)
      throw conflict(`The subscription is ${before.state}, and not parked.`);
    await this.#assertTokenIsFree(trx, before, token);
    const move = { source: 'operator', cause, token, notify: { when: 'on-change' } } as const;
    if (isCorrection) {
      if (!(await this.ledger.correct(trx, before, status, move))) throw conflict(CHANGED_MEANWHILE);
    } else if (before.state === status) {
      await this.ledger.confirm(trx, before, cause);
    } else if (!(await this.ledger.move(trx, before, status, move))) {
      throw conflict(`A subscription that is ${before.state} cannot become ${status}.`);
    }
  }

  async #assertTokenIsFree(trx: Trx, before: SubscriptionRow, token: string | undefined): Promise<void> {
    if (token === undefined || token === before.token) return;
    if (before.token !== null) throw conflict('The subscription has another subscriptionToken already.');
    const holder = await this.subscriptions.findByToken(trx, before.external, token);
    if (holder) throw conflict(`This subscriptionToken belongs to the subscription ${holder.id}.`);
  }
}

function assertCorrects(
  { state }: SubscriptionRow,
  { status, corrects }: SubscriptionResolutionRequest,
  made: RecordedResolution | undefined,
): void {
  if (!made)
    throw conflict(`The subscription is ${state}, and not by a resolution: there is nothing to correct.`);
  if (corrects !== made.latest.id) throw alreadyResolved('subscription', made.latest);
  if (status === state) throw conflict(`The subscription is ${state} already: there is nothing to correct.`);
}
