import type { Operator } from '../../audit/operator.js';
import { Problem } from '../../problems/problem.js';
import { maskCardNumbers } from '../../sensitive/card-number.js';

export const CHANGED_MEANWHILE = 'The state has changed meanwhile: read it again.';
export const STILL_RUNNING = 'Its operation is still running: wait for its end.';

/** The cause of an operator's event: their name and reason. */
export function causeOf({ name }: Operator, reason: string): string {
  return `${name || 'operator without credentials'}: ${maskCardNumbers(reason)}`;
}

/** The present state does not allow the request. */
export function conflict(detail: string): Problem {
  return new Problem('conflict', detail);
}
