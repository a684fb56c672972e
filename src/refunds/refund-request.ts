import { PROVIDER_DATA } from '../payments/payment-requests.js';
import { Field } from '../rules/field.js';
import { amount, currency, issuedIdentifier, providerData } from '../rules/rules.js';
import type { JsonValue } from '../shared/json.js';

/** POST `/refund` (SPEC §1). */
export class RefundRequest {
  @Field(amount(1), { description: 'In minor units.', example: 500 })
  amount: number;

  @Field(currency, { example: 'EUR' })
  currency: string;

  @Field(issuedIdentifier, { description: 'The payment to refund, as `/pay` named it.', example: 'pm_7f3a' })
  paymentId: string;

  @Field(providerData, PROVIDER_DATA)
  providerData?: Record<string, JsonValue>;
}
