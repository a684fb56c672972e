import type { ReactNode } from 'react';
import { formatMoney } from '../format/money';

/** An amount as a person writes it, in the type of the text around it. */
export function Money({
  amount,
  currency,
}: {
  /** Minor units. */
  readonly amount: number | undefined;
  readonly currency: string | undefined;
}): ReactNode {
  return <span className="amount">{formatMoney(amount, currency)}</span>;
}
