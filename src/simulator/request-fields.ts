import { minorUnitDigits } from '../rules/currency.js';
import { isJsonObject } from '../shared/json.js';
import { Refusal } from './refusal.js';

/** A body as JSON knows it. */
export type JsonObject = Record<string, unknown>;

/** What every payment names, judged as an external would: enough not to book nonsense. */
export interface PaymentFields {
  readonly amount: number;
  readonly currency: string;
  readonly shopTransactionId: string;
  readonly successRedirectUrl: string | undefined;
  readonly failureRedirectUrl: string | undefined;
}

/** The body as an object; throws a 400 {@link Refusal} where it is none. */
export function jsonObject(body: Buffer): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    throw new Refusal(400, 'The body is not JSON.');
  }
  if (!isJsonObject(value)) throw new Refusal(400, 'The body is not a JSON object.');
  return value;
}

export function paymentFields(body: JsonObject, minimumAmount: 0 | 1): PaymentFields {
  return {
    amount: amount(body, minimumAmount),
    currency: currency(body),
    shopTransactionId: text(body, 'shopTransactionId'),
    successRedirectUrl: httpUrl(body, 'successRedirectUrl'),
    failureRedirectUrl: httpUrl(body, 'failureRedirectUrl'),
  };
}

export function amount(body: JsonObject, minimum: 0 | 1): number {
  const value = body.amount;
  if (Number.isSafeInteger(value) && (value as number) >= minimum) return value as number;
  throw new Refusal(422, `amount must be an integer from ${minimum}, in minor units.`);
}

export function currency(body: JsonObject): string {
  const value = text(body, 'currency');
  if (minorUnitDigits(value) !== undefined) return value;
  throw new Refusal(422, 'currency must be an ISO 4217 code.');
}

export function text(body: JsonObject, name: string): string {
  const value = body[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new Refusal(422, `${name} must be a text that is not empty.`);
}

/** `subscriptionInfo`, or the empty object where it is left out. */
export function subscriptionInfo(body: JsonObject): JsonObject {
  const value = body.subscriptionInfo ?? {};
  if (isJsonObject(value)) return value;
  throw new Refusal(422, 'subscriptionInfo must be an object.');
}

export function interval(info: JsonObject): 'DAY' | 'MONTH' {
  if (info.interval === 'DAY' || info.interval === 'MONTH') return info.interval;
  throw new Refusal(422, 'subscriptionInfo.interval must be DAY or MONTH.');
}

export function count(info: JsonObject, name: string): number {
  const value = info[name];
  if (Number.isInteger(value) && (value as number) >= 1) return value as number;
  throw new Refusal(422, `subscriptionInfo.${name} must be an integer from 1.`);
}

/** Only http(s): the payer's browser is sent there. */
function httpUrl(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value)) return value;
  throw new Refusal(422, `${name} must be an http(s) URL.`);
}
