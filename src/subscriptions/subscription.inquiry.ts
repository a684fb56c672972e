import { Injectable } from '@nestjs/common';
import type { EventSource } from '../operations/ledger-event.table.js';
import { NOT_DUE } from '../operations/reconciliation-schedule.js';
import { Store, type Trx } from '../persistence/store.js';
import type { SubscriptionStatusAnswer } from '../providers/answers.js';
import type { CallContext, ExternalProvider } from '../providers/external-provider.js';
import type { ProviderOutcome } from '../providers/provider-outcome.js';
import type { SubscriptionState } from './subscription-state.js';
import { SubscriptionLedger } from './subscription.ledger.js';
import type { SubscriptionRow } from './subscription.table.js';

/** Why a subscription is queried. */
export interface SubscriptionInquiryReason {
  readonly source: EventSource;
  /** `always`: also if the state does not change (a verified callback). */
  readonly notify: 'always' | 'on-change';
  readonly cause: string | null;
}

/** What an answer did to the ledger. */
export interface SubscriptionInquiryResult {
  readonly changed: boolean;
  /** The state afterwards, as far as this answer decides. */
  readonly state: SubscriptionState;
}

/** Queries the state of one subscription and applies the answer to the ledger (SPEC §4). */
@Injectable()
export class SubscriptionInquiry {
  constructor(
    private readonly store: Store,
    private readonly ledger: SubscriptionLedger,
  ) {}

  /** For a subscription with a token, which need not be due. Throws `StorageUnavailable`. */
  async inquire(
    provider: ExternalProvider,
    row: SubscriptionRow,
    context: CallContext,
    reason: SubscriptionInquiryReason,
  ): Promise<ProviderOutcome<SubscriptionInquiryResult>> {
    const outcome = await provider.subscriptionStatus(row.token!, context);
    if (outcome.kind !== 'completed') return outcome;
    const answer = await this.store.transaction((trx) =>
      this.apply(trx, row, outcome.answer, context, reason),
    );
    return { kind: 'completed', answer };
  }

  /** `row` is as it was before the query: where it has changed since, the answer may be older and changes nothing. */
  async apply(
    trx: Trx,
    row: SubscriptionRow,
    { status, metadata }: SubscriptionStatusAnswer,
    { requestId, traceparent }: CallContext,
    { source, notify, cause }: SubscriptionInquiryReason,
  ): Promise<SubscriptionInquiryResult> {
    // A PGM 12 external that does not know the state says so: the ledger keeps its own.
    const to = status === 'UNKNOWN' ? row.state : status;
    const changed = await this.ledger.move(trx, row, to, {
      source,
      cause,
      // A change of unknown outcome is still queried by reconciliation.
      next: to === 'PENDING' ? { atMs: row.next_ask_at, parkedAtMs: row.parked_at } : NOT_DUE,
      notify: { when: notify, metadata, requestId, traceparent },
    });
    return { changed, state: changed ? to : row.state };
  }
}
