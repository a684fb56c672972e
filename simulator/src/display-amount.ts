/** Formats minor units: 1299 of EUR is `12.99 EUR`. */
export function displayAmount(amount: number, currency: string): string {
  const { maximumFractionDigits: digits } = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
  }).resolvedOptions();
  const format = new Intl.NumberFormat('en', { minimumFractionDigits: digits });
  return `${format.format(`${amount}e-${digits}` as Intl.StringNumericLiteral)} ${currency}`;
}
