import { Injectable } from '@nestjs/common';
import {
  BEGIN_ALONE,
  END_ALONE,
  type LedgerEndEntry,
  type LedgerEntry,
} from '../operations/operation.journal.js';
import type { Recovery } from '../operations/ledger.restore.js';
import type { LedgerRefs, Operation, OperationRequest } from '../operations/operation.js';
import type { OperationRow } from '../operations/operation.table.js';
import { Store, type Trx } from '../persistence/store.js';
import type { SubscriptionExpireAnswer } from '../providers/answers.js';
import type { CallContext, ExpiryQuery } from '../providers/external-provider.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import { withToken } from './subscription-token.js';
import { SubscriptionLedger } from './subscription.ledger.js';

export interface SubscriptionExpiry {
  readonly token: string;
  /** Passed on; empty but for an external of `compatibility: pgm-12`. */
  readonly query?: ExpiryQuery | undefined;
}

/** subscription/expire (SPEC §1). */
@Injectable()
export class ExpireSubscriptionOperation implements Operation<SubscriptionExpiry, SubscriptionExpireAnswer> {
  readonly name = 'subscription/expire';

  constructor(
    private readonly store: Store,
    private readonly subscriptions: SubscriptionLedger,
  ) {}

  identity({ token, query }: SubscriptionExpiry): unknown {
    return { token, body: null, ...(query && { query }) };
  }

  assertNotExecuted(
    { provider, input }: OperationRequest<SubscriptionExpiry>,
    recovery: Recovery,
  ): Promise<void> {
    return this.subscriptions.assertUnchanged(provider.config.name, input.token, recovery);
  }

  refs({ provider, input }: OperationRequest<SubscriptionExpiry>): Promise<LedgerRefs> {
    return this.subscriptions.refsOf(provider.config.name, input.token);
  }

  /** The subscription stays as it is until the external has answered. */
  open(): Promise<void> {
    return Promise.resolve();
  }

  openEntry(): LedgerEntry {
    return BEGIN_ALONE;
  }

  async call(
    { provider, input: { token, query } }: OperationRequest<SubscriptionExpiry>,
    context: CallContext,
  ): Promise<ProviderOutcome<SubscriptionExpireAnswer>> {
    return withToken(await provider.expireSubscription(token, context, query), token);
  }

  async settle(
    trx: Trx,
    row: OperationRow,
    outcome: ProviderOutcome<SubscriptionExpireAnswer>,
  ): Promise<void> {
    if (outcome.kind === 'unknown') await this.subscriptions.queryAfterUnknown(trx, row);
    if (outcome.kind === 'completed' && outcome.answer.result === 'OK')
      await this.subscriptions.settle(trx, row, 'EXPIRED');
  }

  settleEntry(row: OperationRow, outcome: ProviderOutcome<SubscriptionExpireAnswer>): LedgerEndEntry {
    if (outcome.kind === 'unknown') return this.subscriptions.queryEntry(row);
    return outcome.kind === 'completed' && outcome.answer.result === 'OK'
      ? this.subscriptions.activeEntry(row, 'EXPIRED')
      : END_ALONE;
  }

  /** Records CANCELED itself: {@link settle} takes every end for the expiry that was ordered. */
  async inquire(
    { id, external }: OperationRow,
    { provider, input: { token } }: OperationRequest<SubscriptionExpiry>,
    context: CallContext,
  ): Promise<SubscriptionExpireAnswer | undefined> {
    const row = await this.subscriptions.find(external, token);
    const outcome = await provider.subscriptionStatus(token, context);
    if (outcome.kind !== 'completed') return undefined;
    const { status } = outcome.answer;
    if (status !== 'EXPIRED' && status !== 'CANCELED') return undefined;
    if (row && status === 'CANCELED') {
      const move = { source: 'call', cause: id, notify: { when: 'if-notified' } } as const;
      await this.store.transaction((trx) => this.subscriptions.move(trx, row, 'CANCELED', move));
    }
    return { result: 'OK', subscriptionToken: token };
  }
}
