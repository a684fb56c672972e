/** Whose credentials the operations under a tag ask for (SPEC §8). */
export type Access = 'caller' | 'external' | 'admin' | 'public';

interface TagDescription {
  readonly access: Access;
  readonly description: string;
}

/** The sections of the documentation, in their order. */
export const TAGS = {
  Payments: { access: 'caller', description: 'Pay, refund, and learn what became of a payment.' },
  Subscriptions: { access: 'caller', description: 'Payments that repeat.' },
  Callbacks: { access: 'external', description: 'For externals alone: news about a payment.' },
  Operating: { access: 'public', description: 'Health and metrics, for orchestrators and Prometheus.' },
  Admin: { access: 'admin', description: 'For operators: what happened, and what needs attention.' },
} as const satisfies Record<string, TagDescription>;

export type Tag = keyof typeof TAGS;
