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
import type { Trx } from '../persistence/store.js';
import type { SubscriptionUpdateAnswer } from '../providers/answers.js';
import type { CallContext } from '../providers/external-provider.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import type { SubscriptionUpdateRequest } from './subscription-requests.js';
import { withToken } from './subscription-token.js';
import { SubscriptionLedger } from './subscription.ledger.js';

export interface SubscriptionUpdate {
  readonly token: string;
  readonly body: SubscriptionUpdateRequest;
}

/** subscription/update (SPEC §1). */
@Injectable()
export class UpdateSubscriptionOperation implements Operation<SubscriptionUpdate, SubscriptionUpdateAnswer> {
  readonly name = 'subscription/update';

  constructor(private readonly subscriptions: SubscriptionLedger) {}

  identity({ token, body }: SubscriptionUpdate): unknown {
    return { token, body };
  }

  assertNotExecuted(
    { provider, input }: OperationRequest<SubscriptionUpdate>,
    recovery: Recovery,
  ): Promise<void> {
    return this.subscriptions.assertUnchanged(provider.config.name, input.token, recovery);
  }

  refs({ provider, input }: OperationRequest<SubscriptionUpdate>): Promise<LedgerRefs> {
    return this.subscriptions.refsOf(provider.config.name, input.token);
  }

  /** The ledger does not have the terms of the subscription that an update changes. */
  open(): Promise<void> {
    return Promise.resolve();
  }

  openEntry(): LedgerEntry {
    return BEGIN_ALONE;
  }

  async call(
    { provider, input: { token, body } }: OperationRequest<SubscriptionUpdate>,
    context: CallContext,
  ): Promise<ProviderOutcome<SubscriptionUpdateAnswer>> {
    return withToken(await provider.updateSubscription(token, body, context), token);
  }

  async settle(trx: Trx, row: OperationRow, outcome: ProviderOutcome<object>): Promise<void> {
    if (outcome.kind === 'unknown') await this.subscriptions.queryAfterUnknown(trx, row);
  }

  settleEntry(row: OperationRow, { kind }: ProviderOutcome<object>): LedgerEndEntry {
    return kind === 'unknown' ? this.subscriptions.queryEntry(row) : END_ALONE;
  }

  /** A subscription's status does not show whether its terms were changed. */
  inquire(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}
