import type { ReactNode } from 'react';

/** The colours of states, by what they mean for an operator. */
const COLORS: Readonly<Record<string, string>> = {
  ACCEPTED: 'green',
  OK: 'green',
  ACTIVE: 'green',
  DELIVERED: 'green',
  VERIFIED: 'green',
  completed: 'green',
  done: 'green',
  closed: 'green',
  FAILED: 'gray',
  KO: 'gray',
  EXPIRED: 'gray',
  CANCELED: 'gray',
  SUPERSEDED: 'gray',
  rejected: 'gray',
  'not-executed': 'gray',
  PENDING: 'blue',
  CREATED: 'blue',
  LEASED: 'blue',
  running: 'blue',
  RETRY: 'yellow',
  PAST_DUE: 'yellow',
  'half-open': 'yellow',
  UNKNOWN: 'red',
  DEAD: 'red',
  UNCONFIRMED: 'red',
  unknown: 'red',
  refused: 'red',
  open: 'red',
};

/** A state as the API names it; its colour only repeats what the word says. */
export function StateBadge({ state, label }: { readonly state: string; readonly label?: string }): ReactNode {
  return <span className={`state state-${COLORS[state] ?? 'gray'}`}>{label ?? state}</span>;
}
