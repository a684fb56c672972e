import type { SubscriptionStatusName } from '../providers/answers.js';

/** The external's states, and the ledger's own while the start is running, failed or of unknown outcome. */
export type SubscriptionState = SubscriptionStatusName | 'CREATED' | 'FAILED' | 'UNKNOWN';

const LIVE = ['PENDING', 'ACTIVE', 'PAST_DUE', 'EXPIRED', 'CANCELED'] as const;

/** From → to. An external may move its subscriptions freely between its own states until they have ended. */
const ALLOWED: Readonly<Record<SubscriptionState, readonly SubscriptionState[]>> = {
  CREATED: [...LIVE, 'FAILED', 'UNKNOWN'],
  UNKNOWN: [...LIVE, 'FAILED'],
  PENDING: ['ACTIVE', 'PAST_DUE', 'EXPIRED', 'CANCELED', 'FAILED', 'UNKNOWN'],
  ACTIVE: ['PAST_DUE', 'EXPIRED', 'CANCELED', 'UNKNOWN'],
  PAST_DUE: ['ACTIVE', 'EXPIRED', 'CANCELED', 'UNKNOWN'],
  FAILED: [...LIVE],
  EXPIRED: ['CANCELED'],
  CANCELED: [],
};

export function subscriptionMayBecome(from: SubscriptionState, to: SubscriptionState): boolean {
  return ALLOWED[from].includes(to);
}
