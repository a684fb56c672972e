import { parseAmount } from '../format/money';

/** What a refund dialog knows of its payment. */
export interface Refundable {
  readonly amount?: number | undefined;
  readonly currency?: string | undefined;
  readonly refundedAmount: number;
}

/** What is left to refund, in minor units; undefined where the gateway does not know the amount of the payment. */
export function restOf({ amount, refundedAmount }: Refundable): number | undefined {
  return amount === undefined ? undefined : Math.max(0, amount - refundedAmount);
}

/**
 * The amount that a person typed, in minor units; undefined where it is no amount of the currency, zero, or more than is
 * left.
 */
export function partOf(text: string, currency: string, rest: number | undefined): number | undefined {
  const amount = parseAmount(text, currency);
  if (amount === undefined || amount === 0) return undefined;
  return rest !== undefined && amount > rest ? undefined : amount;
}
