import type { SearchHit } from '../../api/records';

/** The page that shows what a search found: that of its payment, if it has one. */
export function pageOfHit({ kind, id, payment }: SearchHit): string {
  if (payment !== undefined) return `/payments/${payment}`;
  switch (kind) {
    case 'payment':
      return `/payments/${id}`;
    case 'refund':
      return `/refunds?item=${id}`;
    case 'subscription':
      return `/subscriptions?item=${id}`;
    case 'operation':
      return `/operations?item=${id}`;
    case 'notification':
      return `/notifications?item=${id}`;
    case 'callback':
      return `/callbacks?item=${id}`;
    case 'act':
      return `/audit?item=${id}`;
    default:
      return kind satisfies never;
  }
}

/** The list of payments of one amount. */
export function paymentsOfAmount({
  amount,
  currency,
}: {
  readonly amount: number;
  readonly currency: string;
}): string {
  const parameters = { currency, minAmount: String(amount), maxAmount: String(amount) };
  return `/payments?${new URLSearchParams(parameters).toString()}`;
}
