import { Problem } from '../../problems/problem.js';
import { maskCardNumbers } from '../../sensitive/card-number.js';

/** Who settles something by hand, and under which request. */
export interface Operator {
  /** The name of the credentials; empty where none are asked for. */
  readonly name: string;
  readonly requestId: string;
  readonly traceparent: string;
  /** Whether the request came with a trace of its own. */
  readonly continued: boolean;
}

/** The cause of an event that an operator brought about: his name, and what he says. */
export function causeOf({ name }: Operator, reason: string): string {
  return `${name || 'somebody without credentials'}: ${maskCardNumbers(reason)}`;
}

/** The present state does not allow it. */
export function conflict(detail: string): Problem {
  return new Problem('conflict', detail);
}

export const CHANGED_MEANWHILE = 'It has changed at this moment: look again.';
export const STILL_RUNNING = 'Its operation is still under way: wait for its end.';
