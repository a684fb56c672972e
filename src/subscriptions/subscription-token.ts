import type { ProviderOutcome } from '../providers/provider-outcome.js';

/** Adds the token of the request if the external omitted it from its answer. */
export function withToken<Answer extends { subscriptionToken?: string }>(
  outcome: ProviderOutcome<Answer>,
  token: string,
): ProviderOutcome<Answer> {
  if (outcome.kind !== 'completed') return outcome;
  return {
    kind: 'completed',
    answer: { ...outcome.answer, subscriptionToken: outcome.answer.subscriptionToken ?? token },
  };
}
