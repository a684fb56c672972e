import { outside } from '../observability/logging/outside.js';
import type { Span } from '../observability/tracing/tracer.js';
import { type ProviderOutcome, reasonOf } from './provider-outcome.js';

/** The caller's detail and the places of the fields, for those who write the external (SPEC §3). */
export function whatWentWrong(end: ProviderOutcome<unknown>): object | undefined {
  if (end.kind === 'completed') return undefined;
  const pointers = end.kind === 'unknown' ? end.pointers : undefined;
  return { detail: outside(end.detail), ...(pointers && { pointers }) };
}

export function endSpan(span: Span, outcome: ProviderOutcome<unknown>): void {
  const reason = reasonOf(outcome);
  span.set({ 'tollgate.outcome': outcome.kind, 'tollgate.reason': reason });
  if (outcome.kind === 'unknown' || outcome.kind === 'not-executed') span.fail(reason ?? outcome.kind);
  span.end();
}
