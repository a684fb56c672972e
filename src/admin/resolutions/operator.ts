import { Problem } from '../../problems/problem.js';
import { maskCardNumbers } from '../../sensitive/card-number.js';

/** The operator who sends a request of `/admin`. */
export interface Operator {
  /** The name of the credentials; empty where none are required. */
  readonly name: string;
  readonly requestId: string;
  readonly traceparent: string;
  /** Whether the request came with a trace of its own. */
  readonly continued: boolean;
}

/** The cause of an operator's event: their name and reason. */
export function causeOf({ name }: Operator, reason: string): string {
  return `${name || 'operator without credentials'}: ${maskCardNumbers(reason)}`;
}

/** The present state does not allow the request. */
export function conflict(detail: string): Problem {
  return new Problem('conflict', detail);
}
