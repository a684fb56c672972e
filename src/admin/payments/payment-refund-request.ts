import { PROVIDER_DATA } from '../../payments/payment-requests.js';
import { Field } from '../../rules/field.js';
import { amount, currency, providerData } from '../../rules/rules.js';
import type { JsonValue } from '../../shared/json.js';
import { reason } from '../resolutions/resolution-requests.js';

/** POST `/admin/payments/{id}/refund`. */
export class PaymentRefundRequest {
  @Field(amount(1), {
    optional: true,
    description: 'In minor units. Default: all that is not refunded yet.',
    example: 500,
  })
  amount?: number;

  @Field(currency, {
    optional: true,
    description: 'Needed only for a payment whose currency the gateway does not know.',
    example: 'EUR',
  })
  currency?: string;

  @Field(amount(0), {
    optional: true,
    description:
      'The `refundedAmount` that you saw, in minor units. If refunds take another amount by now, nothing is refunded, and the answer is `conflict`: of two operators who refund parts at once, the second decides anew.',
    example: 0,
  })
  expectedRefundedAmount?: number;

  @Field(reason, {
    description: 'Why the payment is refunded. Kept for ever, with the name of the credentials.',
    example: 'Paid twice, ticket 4711',
  })
  reason: string;

  @Field(providerData, PROVIDER_DATA)
  providerData?: Record<string, JsonValue>;
}
