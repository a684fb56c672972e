import { Injectable, Logger } from '@nestjs/common';
import { Store, type Trx } from '../../persistence/store.js';
import { SubscriptionLedger } from '../../subscriptions/subscription.ledger.js';
import { SubscriptionRepository } from '../../subscriptions/subscription.repository.js';
import type { SubscriptionRow } from '../../subscriptions/subscription.table.js';
import { notFound } from '../admin-parameters.js';
import { type SubscriptionRecord, subscriptionRecord } from '../records/subscription-record.js';
import { causeOf, conflict, type Operator } from './operator.js';
import type { SubscriptionResolutionRequest } from './resolution-requests.js';

/** Resolves a parked subscription by hand: reconciliation queries no more about it. */
@Injectable()
export class SubscriptionResolution {
  readonly #logger = new Logger(SubscriptionResolution.name);

  constructor(
    private readonly store: Store,
    private readonly ledger: SubscriptionLedger,
    private readonly subscriptions: SubscriptionRepository,
  ) {}

  /** Throws `not-found`, or `conflict` where there is nothing to settle. */
  async resolve(
    id: string,
    request: SubscriptionResolutionRequest,
    operator: Operator,
  ): Promise<SubscriptionRecord> {
    const cause = causeOf(operator, request.reason);
    const row = await this.store.transaction(async (trx) => {
      const before = await this.subscriptions.find(trx, id);
      if (!before) throw notFound();
      if (before.parked_at === null) throw conflict(`The subscription is ${before.state}, and not parked.`);
      await this.#assertToken(trx, before, request);
      await this.#settle(trx, before, request, cause);
      return (await this.subscriptions.find(trx, id))!;
    });
    this.#logger.log({ subscription: id, status: request.status, cause }, 'Subscription resolved by hand');
    return subscriptionRecord(row);
  }

  async #assertToken(
    trx: Trx,
    row: SubscriptionRow,
    { subscriptionToken: token }: SubscriptionResolutionRequest,
  ): Promise<void> {
    if (token === undefined || token === row.token) return;
    if (row.token !== null) throw conflict('The subscription has another subscriptionToken already.');
    const holder = await this.subscriptions.findByToken(trx, row.external, token);
    if (holder) throw conflict(`This subscriptionToken belongs to the subscription ${holder.id}.`);
  }

  async #settle(
    trx: Trx,
    row: SubscriptionRow,
    { status, subscriptionToken: token }: SubscriptionResolutionRequest,
    cause: string,
  ): Promise<void> {
    if (row.state !== status) {
      if (await this.ledger.move(trx, row, status, { source: 'operator', cause, token })) return;
      throw conflict(`A subscription that is ${row.state} cannot become ${status}.`);
    }
    await this.ledger.confirm(trx, row, cause);
  }
}
