/** Whose credentials the operations under a tag require (SPEC §8). */
export type RouteAccess = 'caller' | 'external' | 'admin' | 'public';

interface TagDescription {
  readonly access: RouteAccess;
  readonly description: string;
}

/** The sections of the documentation, in their order. */
export const TAGS = {
  Payments: { access: 'caller', description: 'Create and refund payments, and retrieve their status.' },
  Subscriptions: { access: 'caller', description: 'Recurring payments.' },
  Callbacks: {
    access: 'external',
    description: 'For externals only: the status of a payment may have changed.',
  },
  Operating: { access: 'public', description: 'Health and metrics, for orchestrators and Prometheus.' },
  Admin: {
    access: 'admin',
    description: 'For operators: history, items of attention, and their resolution.',
  },
} as const satisfies Record<string, TagDescription>;

export type Tag = keyof typeof TAGS;
