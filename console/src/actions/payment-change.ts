import type { PaymentDetail } from '../api/records';
import { formatMoney } from '../format/money';
import { texts } from '../texts/en';

/** What an operator decides by. */
export type Decisive = Pick<PaymentDetail, 'state' | 'refundedAmount' | 'currency'>;

/** What has become of a payment since an operator saw it; undefined: nothing that an act depends on. */
export function changeOf(seen: Decisive, now: Decisive): string | undefined {
  const { change } = texts.payment;
  const changes = [
    ...(seen.state === now.state ? [] : [change.state(seen.state, now.state)]),
    ...(seen.refundedAmount === now.refundedAmount
      ? []
      : [
          change.refunded(
            formatMoney(seen.refundedAmount, now.currency),
            formatMoney(now.refundedAmount, now.currency),
          ),
        ]),
  ];
  return changes.length === 0 ? undefined : changes.join(' ');
}
