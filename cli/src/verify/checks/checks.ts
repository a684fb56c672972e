import type { Check } from '../check.js';
import { CALLBACK_CHECKS } from './callback.checks.js';
import { CANCEL_CHECKS } from './cancel.checks.js';
import { CONNECTION_CHECKS } from './connection.checks.js';
import { CONTRACT_CHECKS } from './contract.checks.js';
import { KEY_CHECKS } from './key.checks.js';
import { ORDER_CHECKS } from './order.checks.js';
import { OUTCOME_CHECKS } from './outcome.checks.js';
import { REFUND_STATUS_CHECKS } from './refund-status.checks.js';
import { REFUND_CHECKS } from './refund.checks.js';
import { SUBSCRIPTION_CHECKS } from './subscription.checks.js';
import { valueChecks } from './values.checks.js';

/** Checks of one subject, as a report shows them. */
export interface CheckGroup {
  readonly title: string;
  readonly checks: readonly Check[];
}

/** All checks, in the order of the report. */
export function checkGroups(currencies: readonly string[]): readonly CheckGroup[] {
  return [
    { title: 'Contract', checks: CONTRACT_CHECKS },
    { title: 'Values', checks: valueChecks(currencies) },
    { title: 'Outcomes', checks: OUTCOME_CHECKS },
    { title: 'Refunds', checks: REFUND_CHECKS },
    { title: 'Callbacks', checks: CALLBACK_CHECKS },
    { title: 'Idempotency-Key', checks: KEY_CHECKS },
    { title: 'Status by shopTransactionId', checks: ORDER_CHECKS },
    { title: 'Status of refunds', checks: REFUND_STATUS_CHECKS },
    { title: 'Cancel', checks: CANCEL_CHECKS },
    { title: 'Subscriptions', checks: SUBSCRIPTION_CHECKS },
    { title: 'Connections', checks: CONNECTION_CHECKS },
  ];
}
