import { OPERATIONS, type OperationName } from '../../../src/config/external-operation.js';
import type { Capability, CheckResult } from './check.js';

/** The entry of the externals file that the external has earned, and what to know about it. */
export interface Earned {
  readonly entry: Readonly<Record<string, unknown>>;
  readonly remarks: readonly string[];
}

/** The check that says whether an operation is offered. */
const CHECK_OF: Readonly<Partial<Record<OperationName, string>>> = {
  'pay-by-link': 'pay-by-link',
  refund: 'refund',
  status: 'status',
  'refund/status': 'refund-status',
  cancel: 'cancel',
  'subscription/schedule': 'subscription-schedule',
  'subscription/start': 'subscription-start',
  'subscription/pay': 'subscription-pay',
  'subscription/update': 'subscription-update',
  'subscription/status': 'subscription-unknown',
  'subscription/expire': 'subscription-expire',
};

/** Switches that no entry has unless they were proved. */
const PROVED = ['honoursIdempotencyKey', 'statusByShopTransactionId'] as const;

export function earnedEntry(name: string, baseUrl: string, results: readonly CheckResult[]): Earned {
  const remarks: string[] = [];
  const operations: Record<string, boolean> = {};
  for (const [operation, id] of Object.entries(CHECK_OF) as [OperationName, string][]) {
    const result = results.find(({ check }) => check.id === id);
    const isOptional = 'optional' in OPERATIONS[operation];
    if (isOptional) {
      if (isEarned(operation as Capability, results, remarks)) operations[operation] = true;
    } else if (result?.verdict === 'not-offered') operations[operation] = false;
  }
  const proved = PROVED.filter((capability) => isEarned(capability, results, remarks));
  return {
    entry: {
      externalService: name,
      baseUrl,
      ...(Object.keys(operations).length > 0 && { operations }),
      ...Object.fromEntries(proved.map((capability) => [capability, true])),
    },
    remarks,
  };
}

/** Every check of it that was tried has passed, and at least one was. */
function isEarned(capability: Capability, results: readonly CheckResult[], remarks: string[]): boolean {
  const own = results.filter(({ check }) => check.capability === capability);
  const ids = (...verdicts: readonly CheckResult['verdict'][]): string =>
    own
      .filter(({ verdict }) => verdicts.includes(verdict))
      .map(({ check }) => check.id)
      .join(', ');
  const broken = ids('failed', 'flaky');
  if (broken !== '') {
    remarks.push(`${capability} is not earned: ${broken}`);
    return false;
  }
  if (
    own.every(({ verdict }) => verdict !== 'passed') ||
    own.some(({ verdict }) => verdict === 'not-offered')
  ) {
    remarks.push(`${capability} is not earned: ${own[0]?.reason ?? 'it was not tried'}`);
    return false;
  }
  const untried = ids('not-tried');
  if (untried !== '') remarks.push(`${capability} is earned without ${untried}, which could not be tried`);
  return true;
}
