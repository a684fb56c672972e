import type { SubscriptionStatusName } from '../providers/answers.js';

/** The external's states, and the ledger's own while the start is running, failed or of unknown outcome. */
export type SubscriptionState = SubscriptionStatusName | 'CREATED' | 'FAILED' | 'UNKNOWN';

const EXTERNAL_STATES = ['PENDING', 'ACTIVE', 'PAST_DUE', 'EXPIRED', 'CANCELED'] as const;

/** From → to. An external may move its subscriptions freely between its own states until they have ended. */
const ALLOWED: Readonly<Record<SubscriptionState, readonly SubscriptionState[]>> = {
  CREATED: [...EXTERNAL_STATES, 'FAILED', 'UNKNOWN'],
  UNKNOWN: [...EXTERNAL_STATES, 'FAILED'],
  PENDING: ['ACTIVE', 'PAST_DUE', 'EXPIRED', 'CANCELED', 'FAILED', 'UNKNOWN'],
  ACTIVE: ['PAST_DUE', 'EXPIRED', 'CANCELED', 'UNKNOWN'],
  PAST_DUE: ['ACTIVE', 'EXPIRED', 'CANCELED', 'UNKNOWN'],
  FAILED: [...EXTERNAL_STATES],
  EXPIRED: ['CANCELED'],
  CANCELED: [],
};

/** The states that an external may change at any time: they are watched (SPEC §4). */
export function isLive(state: SubscriptionState): boolean {
  return state === 'ACTIVE' || state === 'PAST_DUE';
}

/** Undefined: the ledger's own state, which a subscription's status has no word for. */
export function reportedSubscriptionStatus(state: SubscriptionState): SubscriptionStatusName | undefined {
  return (EXTERNAL_STATES as readonly string[]).includes(state)
    ? (state as SubscriptionStatusName)
    : undefined;
}

export function subscriptionMayBecome(from: SubscriptionState, to: SubscriptionState): boolean {
  return ALLOWED[from].includes(to);
}
