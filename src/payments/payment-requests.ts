import { Field } from '../rules/field.js';
import { redirectUrl } from '../rules/redirect-rules.js';
import { amount, currency, identifier, issuedIdentifier, providerData } from '../rules/rules.js';
import type { JsonValue } from '../shared/json.js';

const SUCCESS_URL = {
  optional: true,
  description:
    'Where the payer goes after success: a page, https only in production, or an app (`myshop://paid`).',
  example: 'https://shop.example/thanks',
};
const FAILURE_URL = {
  optional: true,
  description:
    'Where the payer goes after failure: a page, https only in production, or an app (`myshop://failed`).',
  example: 'https://shop.example/sorry',
};
/** `providerData` of every request body. */
export const PROVIDER_DATA = {
  optional: true,
  description: 'Data for the external, passed through. Never stored, never logged.',
  example: { scenario: 'ok' },
};

/** The fields that every payment has but its amount, whose minimum depends on the operation (SPEC §1). */
export abstract class PaymentFields {
  @Field(currency, { example: 'EUR' })
  currency: string;

  @Field(identifier, {
    description:
      'The shop’s id of the order. Compared without outer white space and invisible characters, in Unicode NFC.',
    example: 'order-1001',
  })
  shopTransactionId: string;

  @Field(redirectUrl, SUCCESS_URL)
  successRedirectUrl?: string;

  @Field(redirectUrl, FAILURE_URL)
  failureRedirectUrl?: string;

  @Field(providerData, PROVIDER_DATA)
  providerData?: Record<string, JsonValue>;
}

/** POST `/pay` and `/pay-by-link` (SPEC §1). */
export class PayRequest extends PaymentFields {
  @Field(amount(1), { description: 'In minor units: EUR 12.99 is 1299, JPY 500 is 500.', example: 1299 })
  amount: number;
}

/** POST `/cancel` (SPEC §1). */
export class CancelRequest {
  @Field(issuedIdentifier, { description: 'The payment to cancel, as `/pay` named it.', example: 'pm_2b8c' })
  paymentId: string;

  @Field(providerData, PROVIDER_DATA)
  providerData?: Record<string, JsonValue>;
}
