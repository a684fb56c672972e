import type { FinalStatus, Plan, ScenarioName, ScenarioOperation } from './scenarios.js';

/** The call that created a record. `executions` is always 1: every executed call creates its own record. */
export interface Executed {
  readonly idempotencyKey: string | undefined;
  readonly executions: number;
  /** Repeats that received the stored answer and were not executed. */
  replays: number;
  readonly createdAt: number;
}

export interface BookedPayment extends Executed {
  readonly paymentId: string;
  readonly shopTransactionId: string;
  readonly operation: ScenarioOperation;
  readonly scenario: ScenarioName;
  /** Minor units, like all amounts. */
  readonly amount: number;
  readonly currency: string;
  readonly subscriptionToken: string | undefined;
  readonly successRedirectUrl: string | undefined;
  readonly failureRedirectUrl: string | undefined;
  status: FinalStatus | 'PENDING';
  updatedAt: number;
  /** The sum of refunds that are OK or PENDING. */
  refundedAmount: number;
  /** Set until the payment is settled. */
  plan: Plan | undefined;
}

export interface BookedRefund extends Executed {
  readonly refundId: string;
  readonly paymentId: string;
  readonly amount: number;
  readonly currency: string;
  result: 'OK' | 'KO' | 'PENDING';
}

export interface BookedSubscription extends Executed {
  readonly subscriptionToken: string;
  readonly kind: 'scheduled' | 'manual';
  shopTransactionId: string;
  amount: number;
  currency: string;
  interval: string;
  intervalCount: number;
  expiresAfter: number | undefined;
  status: 'PENDING' | 'ACTIVE' | 'PAST_DUE' | 'EXPIRED' | 'CANCELED';
  /** The `providerData` of DELETE subscription/expire, which has no body. */
  expireData: Record<string, unknown> | undefined;
}
